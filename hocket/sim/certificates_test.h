// SPDX-License-Identifier: MIT
// The certificates of simulations: always the same ones, since the length of a signature, and with it a run, varies with the key.
#pragma once

#include <hocket/net/tls_context.h>

#include <unistd.h>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <stdexcept>
#include <string>
#include <string_view>
#include <system_error>

namespace hocket::sim::testing {

/// An authority's certificate, and one of `server` and `localhost`; valid from 1999-12-31 to 2099-12-31. The key is for nothing else.
class FixedCertificates {
public:
    static TlsContext server(TlsVersion newest = TlsVersion::tls1_3) {
        const FixedCertificates& c = get();
        return TlsContext::server({.certificate_file = c.folder_ + "/server.crt",
                                   .private_key_file = c.folder_ + "/server.key",
                                   .maximum_version = newest});
    }
    static TlsContext client() { return TlsContext::client({.ca_file = get().folder_ + "/ca.crt"}); }

    FixedCertificates(const FixedCertificates&) = delete;
    FixedCertificates& operator=(const FixedCertificates&) = delete;

private:
    static const FixedCertificates& get() {
        static const FixedCertificates all;
        return all;
    }
    FixedCertificates() {
        std::string pattern = std::filesystem::temp_directory_path() / "hocket-sim-XXXXXX";
        if (!mkdtemp(pattern.data())) throw std::runtime_error("no folder for certificates");
        folder_ = pattern;
        write("ca.crt", ca);
        write("server.crt", certificate);
        write("server.key", key);
    }
    ~FixedCertificates() {
        std::error_code error;
        std::filesystem::remove_all(folder_, error);
    }
    void write(const char* name, std::string_view pem) const { std::ofstream(folder_ + "/" + name) << pem; }

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

    std::string folder_;
};

}  // namespace hocket::sim::testing
