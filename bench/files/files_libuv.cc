// SPDX-License-Identifier: MIT
// Reading many small files with libuv's fs calls, 64 at a time: each call is a job of its pool.

#include <fcntl.h>
#include <uv.h>

#include <string>

#include "../measure.h"

namespace {

std::string folder;
int count, begun, done;

struct Reader {
    uv_fs_t request{};
    uv_file file = -1;
    char bytes[4096];

    void next() {
        if (begun == count) return;
        const std::string path = folder + std::to_string(begun++);
        request.data = this;
        uv_fs_open(uv_default_loop(), &request, path.c_str(), O_RDONLY, 0, opened);
    }
    static Reader& finish(uv_fs_t* request) {
        if (request->result < 0) std::abort();
        uv_fs_req_cleanup(request);
        return *static_cast<Reader*>(request->data);
    }
    static void opened(uv_fs_t* request) {
        Reader& reader = finish(request);
        reader.file = static_cast<uv_file>(request->result);
        uv_buf_t buffer = uv_buf_init(reader.bytes, sizeof reader.bytes);
        uv_fs_read(uv_default_loop(), request, reader.file, &buffer, 1, 0, was_read);
    }
    static void was_read(uv_fs_t* request) {
        Reader& reader = finish(request);
        if (request->result != sizeof reader.bytes) std::abort();
        uv_fs_close(uv_default_loop(), request, reader.file, closed);
    }
    static void closed(uv_fs_t* request) {
        Reader& reader = finish(request);
        ++done;
        reader.next();
    }
};

}  // namespace

int main(int argc, char** argv) {
    if (argc != 3) return 2;
    folder = std::string(argv[1]) + "/";
    bench::report_us(std::atoi(argv[2]), [&](int n) {
        static Reader readers[64];
        count = n;
        begun = done = 0;
        for (Reader& reader : readers) reader.next();
        uv_run(uv_default_loop(), UV_RUN_DEFAULT);
        if (done != n) std::abort();
    });
}
