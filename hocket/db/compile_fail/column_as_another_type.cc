// SPDX-License-Identifier: MIT
// A column is read as a type that no database holds.
// error: hocket: a column is read as an integer, a floating-point number, a bool, std::string
#include <hocket/db/row.h>

#ifdef HOCKET_FIXED
std::string name_of(const hocket::sqlite::Row& row) { return row.get<std::string>("name"); }
#else
const char* name_of(const hocket::sqlite::Row& row) { return row.get<const char*>("name"); }
#endif
