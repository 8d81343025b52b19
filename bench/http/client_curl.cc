// SPDX-License-Identifier: MIT
// The HTTP client with libcurl: a multi handle whose sockets epoll watches.

#include <curl/curl.h>
#include <sys/epoll.h>
#include <unistd.h>

#include <cmath>
#include <string>
#include <vector>

#include "figures.h"

namespace {

struct Fetch {
    CURL* handle = nullptr;
    double begun = 0;
    std::size_t body = 0;
};

class Client {
public:
    explicit Client(const bench::ClientRun& run) : fetches_(static_cast<std::size_t>(run.concurrency)) {
        const std::string url = "http://127.0.0.1:" + std::to_string(run.port) + "/";
        curl_multi_setopt(multi_, CURLMOPT_MAXCONNECTS, static_cast<long>(run.concurrency));
        curl_multi_setopt(multi_, CURLMOPT_SOCKETDATA, this);
        curl_multi_setopt(multi_, CURLMOPT_SOCKETFUNCTION, &Client::socket_changed);
        curl_multi_setopt(multi_, CURLMOPT_TIMERDATA, this);
        curl_multi_setopt(multi_, CURLMOPT_TIMERFUNCTION, &Client::timer_changed);
        for (Fetch& fetch : fetches_) {
            fetch.handle = curl_easy_init();
            curl_easy_setopt(fetch.handle, CURLOPT_URL, url.c_str());
            curl_easy_setopt(fetch.handle, CURLOPT_PROXY, "");
            curl_easy_setopt(fetch.handle, CURLOPT_NOSIGNAL, 1L);
            curl_easy_setopt(fetch.handle, CURLOPT_USERAGENT, "bench/1");
            curl_easy_setopt(fetch.handle, CURLOPT_ACCEPT_ENCODING, "gzip, deflate");
            curl_easy_setopt(fetch.handle, CURLOPT_TIMEOUT, 300L);
            curl_easy_setopt(fetch.handle, CURLOPT_PRIVATE, &fetch);
            curl_easy_setopt(fetch.handle, CURLOPT_WRITEDATA, &fetch);
            curl_easy_setopt(fetch.handle, CURLOPT_WRITEFUNCTION, &Client::body_came);
        }
    }

    void fetch(int count, bench::ClientFigures& figures) {
        to_begin_ = count;
        under_way_ = 0;
        for (Fetch& fetch : fetches_) {
            if (to_begin_ > 0) begin(fetch);
        }
        while (under_way_ > 0) {
            epoll_event events[256];
            const double wait = due_ < 0 ? -1 : std::max(0.0, std::ceil(1e3 * (due_ - bench::now())));
            const int n = epoll_wait(poller_, events, 256, static_cast<int>(wait));
            int running = 0;
            for (int i = 0; i < n; ++i) {
                const int happened = (events[i].events & ~unsigned{EPOLLOUT} ? CURL_CSELECT_IN : 0) |
                                     (events[i].events & EPOLLOUT ? CURL_CSELECT_OUT : 0);
                curl_multi_socket_action(multi_, events[i].data.fd, happened, &running);
            }
            if (due_ >= 0 && bench::now() >= due_) {
                due_ = -1;
                curl_multi_socket_action(multi_, CURL_SOCKET_TIMEOUT, 0, &running);
            }
            take_finished(figures);
        }
    }

private:
    void begin(Fetch& fetch) {
        --to_begin_;
        ++under_way_;
        fetch.begun = bench::now();
        fetch.body = 0;
        curl_multi_add_handle(multi_, fetch.handle);
    }
    void take_finished(bench::ClientFigures& figures) {
        int left = 0;
        while (const CURLMsg* const message = curl_multi_info_read(multi_, &left)) {
            CURL* const handle = message->easy_handle;
            if (message->data.result != CURLE_OK) {
                std::fprintf(stderr, "%s\n", curl_easy_strerror(message->data.result));
                std::exit(1);
            }
            Fetch* fetch = nullptr;
            long status = 0;
            curl_easy_getinfo(handle, CURLINFO_PRIVATE, &fetch);
            curl_easy_getinfo(handle, CURLINFO_RESPONSE_CODE, &status);
            figures.check(static_cast<int>(status), fetch->body);
            figures.add(bench::now() - fetch->begun);
            curl_multi_remove_handle(multi_, handle);
            --under_way_;
            if (to_begin_ > 0) begin(*fetch);
        }
    }
    static int socket_changed(CURL*, curl_socket_t fd, int what, void* client, void* known) {
        auto& self = *static_cast<Client*>(client);
        if (what == CURL_POLL_REMOVE) {
            epoll_ctl(self.poller_, EPOLL_CTL_DEL, fd, nullptr);
            return 0;
        }
        epoll_event event{};
        event.events = (what & CURL_POLL_IN ? unsigned{EPOLLIN} : 0) | (what & CURL_POLL_OUT ? unsigned{EPOLLOUT} : 0);
        event.data.fd = fd;
        epoll_ctl(self.poller_, known ? EPOLL_CTL_MOD : EPOLL_CTL_ADD, fd, &event);
        if (!known) curl_multi_assign(self.multi_, fd, client);
        return 0;
    }
    static int timer_changed(CURLM*, long milliseconds, void* client) {
        static_cast<Client*>(client)->due_ =
            milliseconds < 0 ? -1 : bench::now() + 1e-3 * static_cast<double>(milliseconds);
        return 0;
    }
    static std::size_t body_came(const char*, std::size_t, std::size_t size, void* fetch) {
        static_cast<Fetch*>(fetch)->body += size;
        return size;
    }

    CURLM* multi_ = curl_multi_init();
    int poller_ = epoll_create1(EPOLL_CLOEXEC);
    std::vector<Fetch> fetches_;
    int to_begin_ = 0, under_way_ = 0;
    double due_ = -1;
};

}  // namespace

int main(int argc, char** argv) {
    const bench::ClientRun run(argc, argv);
    bench::ClientFigures figures;
    Client client(run);
    client.fetch(run.to_warm_up(), figures);
    figures.begin();
    client.fetch(run.count, figures);
    figures.report(run.concurrency);
}
