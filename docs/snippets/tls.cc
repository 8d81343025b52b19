// SPDX-License-Identifier: MIT
// The programs of tls.md.
#include <hocket/hocket.h>

#include <cstdio>
#include <cstdlib>
#include <exception>
#include <filesystem>
#include <string>
using namespace hocket;
using namespace std::chrono_literals;

// [server]
Coro<> echo_lines(StreamReader reader, StreamWriter writer) {  // called when the handshake is done
    while (auto line = co_await reader.next()) co_await writer.write(*line);
}

Coro<Server> start() {
    ServerOptions options;
    options.tls = TlsContext::server({.certificate_file = "cert.pem", .private_key_file = "key.pem"});
    co_return co_await start_server(echo_lines, "127.0.0.1", 0, options);
}
// [/server]

// [client]
Coro<> talk(std::uint16_t port) {
    const TlsContext context = TlsContext::client({.ca_file = "cert.pem"});  // without ca_file: whom the system trusts
    auto [reader, writer] = co_await open_connection("localhost", port, {.tls = context});
    co_await writer.write("hello\n");
    std::printf("%s", (co_await reader.readline()).c_str());
    const auto tls = writer.tls();
    std::printf("%s with %s\n", tls->version.c_str(), tls->peer_certificate.value().subject.c_str());
}
// [/client]

// [errors]
Coro<> distrust(std::uint16_t port) {
    const TlsContext context = TlsContext::client();  // whom the system trusts, and that is not us
    try {
        co_await open_connection("localhost", port, {.tls = context});
    } catch (const TlsCertVerificationError& e) {
        std::printf("%s\n", e.verify_message().c_str());
    }
}

void no_such_file() {
    try {
        TlsContext::server({.certificate_file = "nowhere.pem"});
    } catch (const OSError& e) {
        std::printf("%s\n", e.what());
    }
}
// [/errors]

// [start_tls]
Coro<> serve_mail(StreamReader reader, StreamWriter writer, TlsContext context) {
    if (co_await reader.readline() != "STARTTLS\r\n") co_return;
    co_await writer.write("220 go ahead\r\n");
    co_await writer.start_tls(context);  // from here on, reader and writer are secured
    co_await writer.write("welcome\r\n");
}

Coro<> send_mail(std::uint16_t port, TlsContext context) {
    auto [reader, writer] = co_await open_connection("127.0.0.1", port);
    co_await writer.write("STARTTLS\r\n");
    std::printf("%s", (co_await reader.readline()).c_str());
    StartTlsOptions options;
    options.server_hostname = "localhost";
    co_await writer.start_tls(context, options);
    std::printf("%s", (co_await reader.readline()).c_str());
}
// [/start_tls]

Coro<> mail() {
    const TlsContext ours = TlsContext::server({.certificate_file = "cert.pem", .private_key_file = "key.pem"});
    const auto serve = [ours](StreamReader reader, StreamWriter writer) {
        return serve_mail(std::move(reader), std::move(writer), ours);
    };
    const Server server = co_await start_server(serve, "127.0.0.1", 0);
    co_await send_mail(server.port(), TlsContext::client({.ca_file = "cert.pem"}));
}

Coro<> amain() {
    get_running_loop().set_exception_handler([](EventLoop&, const ErrorContext&) {});  // the client that distrusts
    Server server = co_await start();
    co_await talk(server.port());
    co_await distrust(server.port());
    no_such_file();
    co_await mail();
}

int main() {
    std::string folder = std::filesystem::temp_directory_path() / "hocket-tls-page-XXXXXX";
    if (!mkdtemp(folder.data())) return 1;
    std::filesystem::current_path(folder);
    const int made = std::system(
        "openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 30 -subj /CN=localhost "
        "-addext subjectAltName=DNS:localhost,IP:127.0.0.1 -keyout key.pem -out cert.pem 2>/dev/null");
    if (made == 0) run(amain());
    std::filesystem::remove_all(folder);
    return made;
}
