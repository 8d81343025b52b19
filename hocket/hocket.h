// SPDX-License-Identifier: MIT
// The whole vocabulary of asyncio in one include.
#pragma once

#include <hocket/base/exception_group.h>
#include <hocket/base/report.h>
#include <hocket/base/result.h>
#include <hocket/core/await_graph.h>
#include <hocket/core/operation.h>
#include <hocket/core/sleep.h>
#include <hocket/core/task.h>
#include <hocket/flow/adapt.h>
#include <hocket/flow/as_completed.h>
#include <hocket/flow/async_exit_stack.h>
#include <hocket/flow/async_generator.h>
#include <hocket/flow/gather.h>
#include <hocket/flow/generator.h>
#include <hocket/flow/shield.h>
#include <hocket/flow/task_group.h>
#include <hocket/flow/timeout.h>
#include <hocket/flow/wait.h>
#include <hocket/flow/wait_for.h>
#include <hocket/flow/with.h>
#include <hocket/io/runner.h>
#include <hocket/io/signals.h>
#include <hocket/net/open_connection.h>
#include <hocket/net/server.h>
#include <hocket/os/concurrent_future.h>
#include <hocket/os/executor.h>
#include <hocket/os/wrap_future.h>
#include <hocket/sync/barrier.h>
#include <hocket/sync/condition.h>
#include <hocket/sync/event.h>
#include <hocket/sync/lifo_queue.h>
#include <hocket/sync/lock.h>
#include <hocket/sync/priority_queue.h>
#include <hocket/sync/queue.h>
#include <hocket/sync/semaphore.h>
