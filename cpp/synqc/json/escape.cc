#include "synqc/json/escape.h"

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
