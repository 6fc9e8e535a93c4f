#include "synqc/json/escape.h"

#include "synqc/json/plain_letters.h"

namespace synqc {

char* write_unit_escape(unsigned unit, char* to) {
    constexpr char hex[] = "0123456789abcdef";
    *to++ = '\\';
    *to++ = 'u';
    for (int shift = 12; shift >= 0; shift -= 4) {
        *to++ = hex[unit >> shift & 15];
    }
    return to;
}

char* write_escape(char letter, char* to) {
    char name = letter;
    switch (letter) {
        case '"':
        case '\\':
            break;
        case '\b':
            name = 'b';
            break;
        case '\f':
            name = 'f';
            break;
        case '\n':
            name = 'n';
            break;
        case '\r':
            name = 'r';
            break;
        case '\t':
            name = 't';
            break;
        default:
            return write_unit_escape(static_cast<unsigned char>(letter), to);
    }
    *to++ = '\\';
    *to++ = name;
    return to;
}

char* write_long_escaped(const char* from, std::size_t length, char* to) {
    const PlainLettersKernels& kernels = plain_letters_kernels();
    while (length >= least_long_text) {
        const std::size_t plain = kernels.copy(from, length, to);
        from += plain;
        to += plain;
        length -= plain;
        if (length > 0 && is_special(*from)) {
            to = write_escape(*from, to);
            ++from;
            --length;
        }
    }
    return write_escaped(from, length, to);
}

char* write_escaped_slowly(const char* from, std::size_t length, char* to) {
    for (const char* const end = from + length; from != end; ++from) {
        if (is_special(*from)) {
            to = write_escape(*from, to);
        } else {
            *to++ = *from;
        }
    }
    return to;
}

}  // namespace synqc
