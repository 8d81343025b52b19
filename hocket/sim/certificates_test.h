// SPDX-License-Identifier: MIT
// The certificates of simulations: always the same ones, since the length of a signature, and with it a run, varies with the key.
#pragma once

#include <hocket/base/errors.h>
#include <hocket/io/file_calls_internal.h>
#include <hocket/net/tls_context.h>

#include <string>
#include <string_view>

namespace hocket::sim::testing {

/// An authority's certificate, and one of `server` and `localhost`; valid from 1999-12-31 to 2099-12-31. The key is for nothing else.
class FixedCertificates {
public:
    /// From files that it puts on the host's disk, as often as that fails.
    static TlsContext server(TlsVersion newest = TlsVersion::tls1_3) {
        for (;;) {
            try {
                write("server.crt", certificate);
                write("server.key", key);
                return TlsContext::server(
                    {.certificate_file = "server.crt", .private_key_file = "server.key", .maximum_version = newest});
            } catch (const OSError&) {
                continue;
            }
        }
    }
    static std::string_view authority() { return ca; }
    static TlsContext client() { return TlsContext::client({.ca_data = std::string(ca)}); }

private:
    static void write(const char* name, std::string_view pem) {
        const int fd = sys::open(name, O_WRONLY | O_CREAT | O_TRUNC, 0600);
        if (fd < 0) return;
        while (!pem.empty()) {
            const ssize_t count = sys::write(fd, pem.data(), pem.size());
            if (count < 0) break;
            pem.remove_prefix(static_cast<std::size_t>(count));
        }
        sys::close(fd);
    }

    static constexpr std::string_view ca = R"(-----BEGIN CERTIFICATE-----
MIIBgDCCASagAwIBAgICEAEwCgYIKoZIzj0EAwIwJjEkMCIGA1UEAwwbQW4gYXV0
aG9yaXR5IG9mIHNpbXVsYXRpb25zMCAXDTk5MTIzMTAwMDAwMFoYDzIwOTkxMjMx
MDAwMDAwWjAmMSQwIgYDVQQDDBtBbiBhdXRob3JpdHkgb2Ygc2ltdWxhdGlvbnMw
WTATBgcqhkjOPQIBBggqhkjOPQMBBwNCAAQlfP736WFQFBKc+c9l/k0PIX7NXgFk
uRqPTXhJ2R9IxtAi+1DU1QmmOc3R5vW/QLDHq1X5siRUjvCKOKfKy4/5o0IwQDAP
BgNVHRMBAf8EBTADAQH/MA4GA1UdDwEB/wQEAwIBBjAdBgNVHQ4EFgQU5I+cUeZd
AGKhHhD5UKsmBWwmPkowCgYIKoZIzj0EAwIDSAAwRQIhAKYANr9cZjrkbvrE9K+F
VE07reqWQ+R9MyaCchs+yn19AiAdsBoRNT4B8h+HNWW5vvj2nPud8DGEgXy3x5hT
qwH4oA==
-----END CERTIFICATE-----
)";
    static constexpr std::string_view certificate = R"(-----BEGIN CERTIFICATE-----
MIIBpzCCAU2gAwIBAgICEAIwCgYIKoZIzj0EAwIwJjEkMCIGA1UEAwwbQW4gYXV0
aG9yaXR5IG9mIHNpbXVsYXRpb25zMCAXDTk5MTIzMTAwMDAwMFoYDzIwOTkxMjMx
MDAwMDAwWjARMQ8wDQYDVQQDDAZzZXJ2ZXIwWTATBgcqhkjOPQIBBggqhkjOPQMB
BwNCAASgOp0o7nG+hGmLoRy3NgLBLzO2OwWobGHzUf09NhvKthSSkhZ4/GolQq9L
LBLmVe/hH6kFsISPcMWz1MI7lyQCo34wfDAMBgNVHRMBAf8EAjAAMA4GA1UdDwEB
/wQEAwIHgDAdBgNVHQ4EFgQUMel1SRf9rQxEZB3SxxCSaEISc98wHwYDVR0jBBgw
FoAU5I+cUeZdAGKhHhD5UKsmBWwmPkowHAYDVR0RBBUwE4IJbG9jYWxob3N0ggZz
ZXJ2ZXIwCgYIKoZIzj0EAwIDSAAwRQIhAKXDwJM+b8khQdwypZbFq5FxV43qt6YU
pJdb1/xIpPkZAiBt5qFStSrgb7yvL5K/tUzd57t7As17hjWVy0IE6b1EhQ==
-----END CERTIFICATE-----
)";
    static constexpr std::string_view key = R"(-----BEGIN PRIVATE KEY-----
MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQghTPjdzoJYN7YGsp2
Hug6f7DK5aX8BoitHGWJMbdTL8KhRANCAASgOp0o7nG+hGmLoRy3NgLBLzO2OwWo
bGHzUf09NhvKthSSkhZ4/GolQq9LLBLmVe/hH6kFsISPcMWz1MI7lyQC
-----END PRIVATE KEY-----
)";
};

}  // namespace hocket::sim::testing
