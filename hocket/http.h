// SPDX-License-Identifier: MIT
// HTTP in one include; <hocket/http/json.h> adds JSON.
#pragma once

#include <hocket/http/access_log.h>
#include <hocket/http/application.h>
#include <hocket/http/client_response.h>
#include <hocket/http/client_session.h>
#include <hocket/http/errors.h>
#include <hocket/http/headers.h>
#include <hocket/http/http_server.h>
#include <hocket/http/params.h>
#include <hocket/http/request.h>
#include <hocket/http/request_options.h>
#include <hocket/http/response.h>
#include <hocket/http/server_sent_events.h>
#include <hocket/http/sync.h>
#include <hocket/http/test_client.h>
#include <hocket/http/url.h>
