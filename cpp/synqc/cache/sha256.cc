#include "synqc/cache/sha256.h"

#include <openssl/evp.h>

#include "synqc/base/errors.h"

namespace synqc {

namespace {

// Looking the algorithm up costs more than hashing a short text, so it is done once and never given back.
const EVP_MD* algorithm() {
    static const EVP_MD* const fetched = EVP_MD_fetch(nullptr, "SHA256", nullptr);
    return fetched;
}

/// A thread's own context, reused: making one costs an allocation.
EVP_MD_CTX* context() {
    struct Owner {
        EVP_MD_CTX* held = EVP_MD_CTX_new();
        ~Owner() { EVP_MD_CTX_free(held); }
    };
    static thread_local Owner owner;
    return owner.held;
}

}  // namespace

Sha256Digest sha256(std::string_view bytes) {
    Sha256Digest digest{};
    auto* hashing = context();
    unsigned int size = 0;
    if (algorithm() == nullptr || EVP_DigestInit_ex2(hashing, algorithm(), nullptr) != 1 ||
        EVP_DigestUpdate(hashing, bytes.data(), bytes.size()) != 1 ||
        EVP_DigestFinal_ex(hashing, digest.data(), &size) != 1 || size != digest.size()) {
        throw Error("OpenSSL offers no SHA-256 here.");
    }
    return digest;
}

std::string hex_of(const Sha256Digest& digest) {
    constexpr const char* digits = "0123456789abcdef";
    std::string text(2 * digest.size(), '0');
    for (std::size_t k = 0; k < digest.size(); ++k) {
        text[2 * k] = digits[digest[k] >> 4];
        text[2 * k + 1] = digits[digest[k] & 15];
    }
    return text;
}

}  // namespace synqc
