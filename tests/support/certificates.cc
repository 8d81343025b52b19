// SPDX-License-Identifier: MIT
// Keys and certificates by OpenSSL, into a folder of the process.
#include <tests/support/certificates.h>

#include <openssl/ec.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>
#include <unistd.h>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <memory>
#include <stdexcept>

namespace hocket::testing {

namespace {

using Key = std::unique_ptr<EVP_PKEY, decltype(&EVP_PKEY_free)>;
using Certificate = std::unique_ptr<X509, decltype(&X509_free)>;
struct CloseFile {
    void operator()(std::FILE* file) const { std::fclose(file); }
};
using File = std::unique_ptr<std::FILE, CloseFile>;

struct Issued {
    Key key;
    Certificate certificate;
};

struct Wanted {
    const char* common_name;
    const char* names = nullptr;  // subjectAltName
    int from_day = -1, to_day = 30;
    const char* to = nullptr;  // in place of `to_day`
    bool authority = false;
};

void add_extension(X509* certificate, X509* issuer, int id, const char* value) {
    X509V3_CTX context;
    X509V3_set_ctx_nodb(&context);
    X509V3_set_ctx(&context, issuer, certificate, nullptr, nullptr, 0);
    X509_EXTENSION* extension = X509V3_EXT_conf_nid(nullptr, &context, id, value);
    if (!extension) throw std::runtime_error(std::string("no extension: ") + value);
    X509_add_ext(certificate, extension, -1);
    X509_EXTENSION_free(extension);
}

// Signed by itself, if there is no issuer.
Issued issue(const Wanted& wanted, const Issued* issuer = nullptr) {
    static long serial = 0x1000;
    Issued made{Key(EVP_PKEY_Q_keygen(nullptr, nullptr, "EC", "P-256"), EVP_PKEY_free),
                Certificate(X509_new(), X509_free)};
    X509* const x509 = made.certificate.get();
    X509_set_version(x509, X509_VERSION_3);
    ASN1_INTEGER_set(X509_get_serialNumber(x509), ++serial);
    constexpr long day = 24L * 60 * 60;
    X509_gmtime_adj(X509_getm_notBefore(x509), wanted.from_day * day);
    X509_gmtime_adj(X509_getm_notAfter(x509), wanted.to_day * day);
    if (wanted.to) ASN1_TIME_set_string_X509(X509_getm_notAfter(x509), wanted.to);
    X509_set_pubkey(x509, made.key.get());
    X509_NAME* const name = X509_get_subject_name(x509);
    const auto* text = reinterpret_cast<const unsigned char*>(wanted.common_name);
    X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_UTF8, text, -1, -1, 0);
    X509* const by = issuer ? issuer->certificate.get() : x509;
    X509_set_issuer_name(x509, X509_get_subject_name(by));

    add_extension(x509, by, NID_basic_constraints, wanted.authority ? "critical,CA:TRUE" : "critical,CA:FALSE");
    add_extension(x509, by, NID_key_usage,
                  wanted.authority ? "critical,keyCertSign,cRLSign" : "critical,digitalSignature");
    add_extension(x509, by, NID_subject_key_identifier, "hash");
    add_extension(x509, by, NID_authority_key_identifier, "keyid:always");
    if (wanted.names) add_extension(x509, by, NID_subject_alt_name, wanted.names);
    X509_sign(x509, issuer ? issuer->key.get() : made.key.get(), EVP_sha256());
    return made;
}

File created(const std::string& path) {
    File file(std::fopen(path.c_str(), "w"));
    if (!file) throw std::runtime_error("cannot write " + path);
    return file;
}

Identity written(const Issued& issued, const std::string& path) {
    Identity identity{path + ".crt", path + ".key"};
    PEM_write_X509(created(identity.certificate_file).get(), issued.certificate.get());
    PEM_write_PrivateKey(created(identity.private_key_file).get(), issued.key.get(), nullptr, nullptr, 0, nullptr,
                         nullptr);
    return identity;
}

}  // namespace

Certificates::Certificates() {
    std::string pattern = std::filesystem::temp_directory_path() / "hocket-tls-XXXXXX";
    if (!mkdtemp(pattern.data())) throw std::runtime_error("no folder for certificates");
    folder = pattern;

    constexpr const char* here = "DNS:localhost,DNS:xn--bcher-kva.example,IP:127.0.0.1,IP:::1";
    const Issued ca = issue({.common_name = "An authority", .authority = true});
    const Issued strange_ca = issue({.common_name = "A strange authority", .authority = true});
    ca_file = written(ca, folder + "/ca").certificate_file;
    const Issued of_server = issue({.common_name = "server", .names = here}, &ca);
    server = written(of_server, folder + "/server");
    expired = written(issue({.common_name = "server", .names = here, .from_day = -9, .to_day = -1}, &ca),
                      folder + "/expired");
    not_yet_valid = written(issue({.common_name = "server", .names = here, .from_day = 1}, &ca), folder + "/early");
    endless =
        written(issue({.common_name = "server", .names = here, .to = "99991231235959Z"}, &ca), folder + "/endless");
    of_another_host = written(issue({.common_name = "localhost", .names = "DNS:example.org"}, &ca), folder + "/other");
    self_signed = written(issue({.common_name = "server", .names = here}), folder + "/self");
    of_strangers = written(issue({.common_name = "server", .names = here}, &strange_ca), folder + "/strange");
    client = written(issue({.common_name = "Alice", .names = "email:alice@example.org"}, &ca), folder + "/client");

    encrypted_key_file = folder + "/encrypted.key";
    std::string password = "open sesame";
    PEM_write_PrivateKey(created(encrypted_key_file).get(), of_server.key.get(), EVP_aes_256_cbc(),
                         reinterpret_cast<unsigned char*>(password.data()), static_cast<int>(password.size()), nullptr,
                         nullptr);
}

Certificates::~Certificates() {
    std::error_code ignored;
    std::filesystem::remove_all(folder, ignored);
}

const Certificates& Certificates::get() {
    static const Certificates certificates;
    return certificates;
}

}  // namespace hocket::testing
