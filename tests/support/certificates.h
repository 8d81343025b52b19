// SPDX-License-Identifier: MIT
// Certificates for tests, made when they are first asked for.
#pragma once

#include <string>

namespace hocket::testing {

/// A certificate and its key, as PEM files.
struct Identity {
    std::string certificate_file, private_key_file;
};

/// One set for each process, in a folder that goes with it. Keys are of P-256, which is fast.
struct Certificates {
    static const Certificates& get();

    std::string folder;
    std::string ca_file;             ///< of the authority that signed all but `self_signed` and `of_strangers`
    Identity server;                 ///< of localhost, 127.0.0.1, ::1 and xn--bcher-kva.example
    Identity expired;                ///< the same, valid until yesterday
    Identity not_yet_valid;          ///< the same, valid from tomorrow on
    Identity endless;                ///< the same, valid until the last second of 9999, as devices have it
    Identity of_another_host;        ///< of example.org
    Identity self_signed;            ///< of localhost and 127.0.0.1
    Identity of_strangers;           ///< the same, by an authority that nobody trusts
    Identity client;                 ///< of a client whose common name is Alice
    std::string encrypted_key_file;  ///< the server's key, with the password `open sesame`

    Certificates(const Certificates&) = delete;
    Certificates& operator=(const Certificates&) = delete;

private:
    Certificates();
    ~Certificates();
};

}  // namespace hocket::testing
