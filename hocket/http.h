// SPDX-License-Identifier: MIT
// HTTP in one include; <hocket/http/json.h> adds JSON.
#pragma once

#include <hocket/http/access_log.h>
#include <hocket/http/application.h>
#include <hocket/http/auth.h>
#include <hocket/http/body_stream.h>
#include <hocket/http/byte_range.h>
#include <hocket/http/client_response.h>
#include <hocket/http/client_seams.h>
#include <hocket/http/client_session.h>
#include <hocket/http/client_timeout.h>
#include <hocket/http/client_trace.h>
#include <hocket/http/content_encoding.h>
#include <hocket/http/cookie.h>
#include <hocket/http/cookie_jar.h>
#include <hocket/http/errors.h>
#include <hocket/http/file_response.h>
#include <hocket/http/form.h>
#include <hocket/http/form_data.h>
#include <hocket/http/headers.h>
#include <hocket/http/http_date.h>
#include <hocket/http/http_server.h>
#include <hocket/http/link.h>
#include <hocket/http/multipart.h>
#include <hocket/http/params.h>
#include <hocket/http/preconditions.h>
#include <hocket/http/request.h>
#include <hocket/http/request_options.h>
#include <hocket/http/response.h>
#include <hocket/http/server_sent_events.h>
#include <hocket/http/static_files.h>
#include <hocket/http/sync.h>
#include <hocket/http/test_client.h>
#include <hocket/http/url.h>
