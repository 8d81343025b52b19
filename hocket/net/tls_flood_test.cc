// SPDX-License-Identifier: MIT
// A peer below the library that asks for more and more answers, and reads none of them.
#include <gtest/gtest.h>
#include <hocket/net/tls_test.h>

#include <openssl/ssl.h>
#include <pthread.h>
#include <sys/socket.h>
#include <atomic>
#include <csignal>
#include <memory>
#include <string>
#include <thread>

namespace hocket {
namespace {

/// Asks for new keys until it is told to stop, or cannot any more.
class Flooder {
public:
    explicit Flooder(const Address& server) : peer_(server), thread_([this] { flood(); }) {}
    ~Flooder() {
        stop_ = true;
        thread_.join();
    }

private:
    void flood() {
        sigset_t broken_pipe;
        sigemptyset(&broken_pipe);
        sigaddset(&broken_pipe, SIGPIPE);
        pthread_sigmask(SIG_BLOCK, &broken_pipe, nullptr);
        const std::unique_ptr<SSL_CTX, decltype(&SSL_CTX_free)> context(SSL_CTX_new(TLS_client_method()), SSL_CTX_free);
        const std::unique_ptr<SSL, decltype(&SSL_free)> ssl(SSL_new(context.get()), SSL_free);
        SSL_set_fd(ssl.get(), peer_.fd());
        if (SSL_connect(ssl.get()) != 1) return;
        while (!stop_ && SSL_key_update(ssl.get(), SSL_KEY_UPDATE_REQUESTED) == 1 && SSL_do_handshake(ssl.get()) == 1) {
        }
        peer_.close();
    }

    testing::RawPeer peer_;
    std::atomic<bool> stop_ = false;
    std::thread thread_;
};

TEST(RealTlsFlood, a_peer_that_asks_for_answers_and_reads_none_is_given_up) {
    testing::run_net([]() -> Coro<> {
        const testing::Accepting accepting;
        // Not TCP, which drops what a full receiver has no room for, and repeats it seconds later.
        const Address place = Address::local(std::string(1, '\0') + "hocket-flood-" + std::to_string(::getpid()));
        const Server server = co_await start_server(accepting, place, testing::with_tls(testing::tls_server()));
        std::string end;
        {
            const Flooder flooder(server.sockets().at(0));
            auto [reader, writer] = co_await accepting.take();
            end = co_await testing::ending_of(reader.read(1));
            writer.abort();
            co_await writer.wait_closed();  // the flooder's calls block until then
        }
        EXPECT_EQ(end, "hocket::OSError: answer unix:, which reads nothing: No buffer space available");
    }());
}

}  // namespace
}  // namespace hocket
