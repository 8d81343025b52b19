// SPDX-License-Identifier: MIT
// Gives a fuzz target the inputs in the files that are named, and each beginning of the short ones: what libFuzzer's main does, without it.
#include "fuzz.h"

#include <fstream>
#include <iterator>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);

int main(int argc, char** argv) {
    constexpr std::size_t most_beginnings = 400;
    for (int i = 1; i < argc; ++i) {
        std::ifstream in(argv[i], std::ios::binary);
        hocket::fuzz::check(in.good(), "cannot read", argv[i]);
        const std::string input{std::istreambuf_iterator<char>(in), {}};
        for (std::size_t size = input.size() > most_beginnings ? input.size() : 0; size <= input.size(); ++size) {
            const std::string beginning =
                input.substr(0, size);  // in memory of its own: what is read behind it is noticed
            LLVMFuzzerTestOneInput(reinterpret_cast<const std::uint8_t*>(beginning.data()), size);
        }
    }
    std::printf("%d inputs\n", argc - 1);
}
