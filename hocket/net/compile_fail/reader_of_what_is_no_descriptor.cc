// SPDX-License-Identifier: MIT
// What is watched is a descriptor: an object that has one gives its number.
#include <hocket/net/readiness.h>

#include <cstdio>

// error: (cannot initialize a parameter of type 'int'|invalid conversion from '(std::)?FILE)
void watch(hocket::EventLoop& loop, std::FILE* file) {
#ifdef HOCKET_FIXED
    hocket::add_reader(loop, fileno(file), [] {});
#else
    hocket::add_reader(loop, file, [] {});
#endif
}
