#pragma once

#include <string>
#include <string_view>

#include "synqc/base/numbers.h"

namespace synqc {

/// Appends an indented JSON document piece by piece. The caller closes what it opens.
class Writer {
  public:
    void begin_object();
    void end_object();
    void begin_list();
    void end_list();
    void key(std::string_view name);
    void value(std::string_view text);
    /// Shortest text that reads back as the same number; infinity and NaN, which JSON lacks, as null.
    void value(Real number);
    void value(Index number);

    /// The document, ended by a line feed.
    std::string text() const { return text_ + "\n"; }

  private:
    void begin_item();
    void begin_nested(char bracket);
    void end_nested(char bracket);

    std::string text_;
    int depth_ = 0;
    bool first_ = true;       // nothing stands before the next item of this object or list
    bool after_key_ = false;  // the next item belongs to the key just written
};

}  // namespace synqc
