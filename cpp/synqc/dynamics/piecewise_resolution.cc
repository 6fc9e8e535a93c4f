#include "synqc/dynamics/piecewise_resolution.h"

#include <algorithm>
#include <array>
#include <cassert>
#include <cmath>
#include <limits>

#include "synqc/dynamics/chebyshev_piece.h"

namespace synqc {

namespace {

constexpr Index points = ChebyshevPiece::points;
constexpr Index first_pieces = 16;
constexpr Real looks_per_span = 500;
constexpr Real looks_per_unchanging_span = 8192;
constexpr Index least_further_looks = 16384;

// Relative to the largest value: the error this leaves in H is far below every tolerance of a state.
constexpr Real tolerance = 1e-11;
constexpr Real tolerance_at_edges = 100 * tolerance;
constexpr Real negligible = 1e-13;
// Functions of times in single precision are no rougher than this.
constexpr Real largest_noise = 2e-6;

/// Looks of a piece besides its Chebyshev points, which lie at 0.0043 and further inside.
constexpr std::array<Real, 3> check_fractions = {0.00113, 0.50871, 0.99829};
constexpr Index looks_of_piece = points + static_cast<Index>(check_fractions.size());

/// Looks at irrational distances: gaps are at most 1.31 of `spacing`, and nothing periodic can hide between them.
void append_looks(Real begin, Real end, Real longest_gap, std::vector<Real>& times) {
    constexpr Real golden = 0.6180339887498949;
    const Index count = static_cast<Index>(std::ceil((end - begin) / (longest_gap / 1.32)));
    const Real spacing = (end - begin) / static_cast<Real>(count);
    Real fraction = golden;
    for (Index k = 0; k < count; ++k) {
        times.push_back(begin + spacing * (static_cast<Real>(k) + 0.25 + 0.5 * fraction));
        fraction += golden;
        fraction -= fraction >= 1 ? 1 : 0;
    }
}

enum class EdgeState { unchecked, smooth, stop };

struct Piece {
    Real left = 0;
    Real right = 0;
    EdgeState edge = EdgeState::unchecked;  // its left one
    int attempts = 0;                       // to find what lies at that edge
    bool is_sampled = false;
    bool is_resolved = false;
    std::array<Real, 3> former_defects = {};  // of the piece it was half of, of that one's, ...; 0: none
    Real defect = 0;                          // what the polynomial lacks
    Real slack = 0;                           // defect that was taken for granted
    Index width = 0;                          // of the two below
    std::vector<Complex> samples;             // (looks_of_piece, width) while not resolved
    std::vector<Complex> chebyshev;           // (width, points)
    Index degree = 0;                         // highest coefficient that is not negligible
    Real length() const { return right - left; }
    bool stands_still() const { return degree == 0; }

    Complex at(Index function, Real t) const {
        if (function >= width) {
            return 0;
        }
        const Complex* c = chebyshev.data() + function * points;
        const Real x = (2 * t - left - right) / length();
        Complex next = 0;
        Complex after = 0;
        for (Index k = degree; k > 0; --k) {
            const Complex current = c[k] + 2 * x * next - after;
            after = next;
            next = current;
        }
        return c[0] + x * next - after;
    }

    /// First and second derivative by t at an end, x = -1 or 1, times (reference / 2) and its square.
    std::array<Complex, 2> bends(Index function, Real x, Real reference) const {
        std::array<Complex, 2> bend = {0, 0};
        if (function >= width) {
            return bend;
        }
        const Complex* c = chebyshev.data() + function * points;
        const Real scale = reference / length();
        Real sign = x;
        for (Index k = 1; k <= degree; ++k) {
            sign *= x;  // x^(k + 1)
            const Real square = static_cast<Real>(k * k);
            bend[0] += sign * square * c[k];
            bend[1] += sign * x * square * (square - 1) / 3 * c[k];
        }
        bend[0] *= scale;
        bend[1] *= scale * scale;
        return bend;
    }
};

/// A bracket in which the functions change over from one neighbour's polynomial to the other's.
struct Search {
    std::size_t piece;  // the open piece, or the one whose left edge is in question
    bool inside;        // an open piece
    std::size_t left;   // whose polynomial holds before
    std::size_t right;  // and behind
    Real from;
    Real to;
    Index proposed = 0;  // places to ask next
    bool is_guessed = false;
    bool is_over = false;
    bool has_failed = false;
};

class PiecewiseResolver {
  public:
    PiecewiseResolver(const Sampler& sampler, const ResolutionRequest& request)
        : sampler_(sampler),
          request_(request),
          begin_(request.times.front()),
          end_(request.times.back()),
          duration_(end_ - begin_) {
        const Real ulp = std::numeric_limits<Real>::epsilon() * std::max(std::abs(begin_), std::abs(end_));
        grain_ = std::max(1e-13 * duration_, 4 * ulp);
        shortest_ = std::max(1e-12 * duration_, 16 * ulp);
        gap_ = request.longest_gap > 0 ? std::min(request.longest_gap, duration_ / looks_per_span)
                                       : duration_ / looks_per_span;
        quiet_gap_ = gap_;
    }

    Resolution resolve() {
        start();
        while (true) {
            if (!settle()) {
                return report_rough();
            }
            if (!look_closer()) {
                return finish();
            }
        }
    }

  private:
    SampledRows ask(std::span<const Real> times) {
        samples_ += std::ssize(times);
        SampledRows rows = sampler_(times);
        width_ = std::max(width_, rows.width);
        rounding_ = std::max(rounding_, rows.rounding);
        for (const Complex& value : rows.values) {
            largest_square_ = std::max(largest_square_, std::norm(value));
        }
        largest_ = std::sqrt(largest_square_);
        return rows;
    }

    Real allowed() const { return std::max(tolerance * largest_, rounding_); }

    /// The first pieces, with all that is to be looked at once in one call of the sampler.
    void start() {
        std::vector<Real> edges;
        for (Index k = 0; k <= first_pieces; ++k) {
            edges.push_back(k == first_pieces ? end_ : begin_ + duration_ * static_cast<Real>(k) / first_pieces);
        }
        edges.insert(edges.end(), request_.breakpoints.begin(), request_.breakpoints.end());
        std::sort(edges.begin(), edges.end());
        edges.erase(std::unique(edges.begin(), edges.end(), [&](Real a, Real b) { return b - a < shortest_; }),
                    edges.end());
        edges.back() = end_;
        std::vector<Real> asked;
        for (std::size_t k = 0; k + 1 < edges.size(); ++k) {
            Piece piece;
            piece.left = edges[k];
            piece.right = edges[k + 1];
            append_times(piece, asked);
            pieces_.push_back(std::move(piece));
        }
        const std::size_t of_pieces = asked.size();
        append_looks(begin_, end_, gap_, asked);
        const std::size_t of_looks = asked.size() - of_pieces;
        // What a function is at an end alone has no effect, what it is beside it has.
        for (Real t : request_.times) {
            asked.push_back(std::clamp(t, begin_ + 2 * shortest_, end_ - 2 * shortest_));
        }
        const std::size_t of_times = request_.times.size();
        // Only so that a sampler that refuses values can do so at the ends, where divisions by zero are.
        asked.push_back(begin_);
        asked.push_back(end_);
        const SampledRows rows = ask(asked);
        add_known(std::span(asked).subspan(of_pieces, of_looks), rows, of_pieces);
        add_known(std::span(asked).subspan(of_pieces + of_looks, of_times), rows, of_pieces + of_looks);
        std::size_t row = 0;
        for (Piece& piece : pieces_) {
            take_samples(piece, rows, row);
            row += looks_of_piece;
        }
        for (Piece& piece : pieces_) {
            judge(piece);
        }
    }

    static void append_times(const Piece& piece, std::vector<Real>& times) {
        for (Real fraction : ChebyshevPiece::tables().fractions) {
            times.push_back(piece.left + fraction * piece.length());
        }
        for (Real fraction : check_fractions) {
            times.push_back(piece.left + fraction * piece.length());
        }
    }

    static void take_samples(Piece& piece, const SampledRows& rows, std::size_t row) {
        piece.width = rows.width;
        const auto first = rows.values.begin() + static_cast<std::ptrdiff_t>(row) * rows.width;
        piece.samples.assign(first, first + looks_of_piece * rows.width);
        piece.chebyshev.resize(static_cast<std::size_t>(rows.width * points));
        for (Index function = 0; function < rows.width; ++function) {
            ChebyshevPiece::Column values;
            for (Index j = 0; j < points; ++j) {
                values(j) = piece.samples[static_cast<std::size_t>(j * rows.width + function)];
            }
            Eigen::Map<ChebyshevPiece::Column>(piece.chebyshev.data() + function * points).noalias() =
                ChebyshevPiece::tables().to_chebyshev * values;
        }
        piece.is_sampled = true;
    }

    void judge(Piece& piece) {
        Real tail = 0;
        Real steepness = 0;
        piece.degree = 0;
        for (Index function = 0; function < piece.width; ++function) {
            const Complex* c = piece.chebyshev.data() + function * points;
            Real slope = 0;
            for (Index k = 1; k < points; ++k) {
                const Real size = std::abs(c[k]);
                slope += static_cast<Real>(k) * size;
                if (size > negligible * largest_ && size > rounding_) {
                    piece.degree = std::max(piece.degree, k);
                }
            }
            tail = std::max({tail, std::abs(c[points - 1]), std::abs(c[points - 2])});
            steepness = std::max(steepness, slope);
        }
        // Rounding of t alone moves a steep function by this much.
        const Real blur = 4 * std::numeric_limits<Real>::epsilon() *
                          std::max(std::abs(piece.left), std::abs(piece.right)) * 2 * steepness / piece.length();
        const Real limit = std::max(allowed(), blur);
        Real missed = 0;
        for (std::size_t k = 0; k < check_fractions.size(); ++k) {
            const Real t = piece.left + check_fractions[k] * piece.length();
            missed = std::max(missed, distance(piece, t, piece.samples, points + static_cast<Index>(k), piece.width));
        }
        if (tail <= 10 * limit && missed <= 10 * limit) {
            missed = std::max(missed, largest_miss(piece));
        }
        // Coefficients fall so fast that what follows the last two is a hundredth of them.
        piece.defect = std::max(tail, missed) / 10;
        // Halved thrice, the defect of a kink falls to an eighth, that of noise does not fall.
        const bool is_noise = piece.former_defects.back() > 0 && piece.defect > 0.2 * piece.former_defects.back() &&
                              10 * piece.defect <= largest_noise * largest_;
        piece.slack = limit;
        piece.is_resolved = piece.defect <= limit;
        if (!piece.is_resolved && (is_noise || piece.length() <= 2 * shortest_)) {
            piece.is_resolved = true;
            piece.slack = piece.defect;
        }
        if (piece.is_resolved) {
            std::vector<Complex>().swap(piece.samples);
        }
    }

    bool is_at_edge(Real t, const Piece& piece) const {
        return t - piece.left < shortest_ || piece.right - t < shortest_;
    }

    Real distance(const Piece& piece, Real t, std::span<const Complex> values, Index row, Index width) const {
        Real largest = 0;
        for (Index function = 0; function < std::max(width, piece.width); ++function) {
            const Complex value = function < width ? values[static_cast<std::size_t>(row * width + function)] : 0;
            largest = std::max(largest, std::norm(piece.at(function, t) - value));
        }
        return std::sqrt(largest);
    }

    Real distance(const Piece& a, const Piece& b, Real t) const {
        Real largest = 0;
        for (Index function = 0; function < std::max(a.width, b.width); ++function) {
            largest = std::max(largest, std::norm(a.at(function, t) - b.at(function, t)));
        }
        return std::sqrt(largest);
    }

    static constexpr std::size_t batch = 64;

    /// sum_k part(c_k) T_k(x) by Clenshaw's recurrence at many x together: this is where the time of a smooth function
    /// would go.
    template <typename Part>
    static void sum_chebyshev(const Complex* c, Index degree, const Part& part, std::span<const Real> twice_x,
                              Real* sums) {
        std::array<Real, batch> next = {};
        std::array<Real, batch> after = {};
        for (Index power = degree; power > 0; --power) {
            const Real own = part(c[power]);
            for (std::size_t k = 0; k < twice_x.size(); ++k) {
                const Real current = own + twice_x[k] * next[k] - after[k];
                after[k] = next[k];
                next[k] = current;
            }
        }
        const Real lowest = part(c[0]);
        for (std::size_t k = 0; k < twice_x.size(); ++k) {
            sums[k] = lowest + (twice_x[k] / 2 * next[k] - after[k]);
        }
    }

    /// Largest distance from the looks inside a piece.
    Real largest_miss(const Piece& piece) const {
        const auto [first, last] = known_inside(piece.left, piece.right);
        Real largest = 0;
        for (std::size_t begin = first; begin < last; begin += batch) {
            const std::size_t count = std::min(batch, last - begin);
            std::array<Real, batch> twice_x;
            for (std::size_t k = 0; k < count; ++k) {
                twice_x[k] = 2 * (2 * known_times_[begin + k] - piece.left - piece.right) / piece.length();
            }
            std::array<Real, batch> squares = {};
            for (Index function = 0; function < std::max(piece.width, known_width_); ++function) {
                std::array<Real, batch> real = {};
                std::array<Real, batch> imaginary = {};
                if (function < piece.width) {
                    const Complex* c = piece.chebyshev.data() + function * points;
                    const auto is_real = [](const Complex& value) { return value.imag() == 0; };
                    const std::span<const Real> places(twice_x.data(), count);
                    sum_chebyshev(
                        c, piece.degree, [](const Complex& v) { return v.real(); }, places, real.data());
                    if (!std::all_of(c, c + piece.degree + 1, is_real)) {
                        sum_chebyshev(
                            c, piece.degree, [](const Complex& v) { return v.imag(); }, places, imaginary.data());
                    }
                }
                for (std::size_t k = 0; k < count; ++k) {
                    Complex missing(real[k], imaginary[k]);
                    if (function < known_width_) {
                        missing -= known_values_[(begin + k) * static_cast<std::size_t>(known_width_) +
                                                 static_cast<std::size_t>(function)];
                    }
                    squares[k] += std::norm(missing);
                }
            }
            for (std::size_t k = 0; k < count; ++k) {
                if (!is_at_edge(known_times_[begin + k], piece)) {
                    largest = std::max(largest, squares[k]);
                }
            }
        }
        return std::sqrt(largest);
    }

    std::pair<std::size_t, std::size_t> known_inside(Real left, Real right) const {
        const auto first = std::lower_bound(known_times_.begin(), known_times_.end(), left);
        const auto last = std::upper_bound(first, known_times_.end(), right);
        return {static_cast<std::size_t>(first - known_times_.begin()),
                static_cast<std::size_t>(last - known_times_.begin())};
    }

    /// More looks to hold pieces against: increasing `times`, whose values begin at row `first_row`.
    void add_known(std::span<const Real> times, const SampledRows& rows, std::size_t first_row) {
        const auto width = static_cast<std::size_t>(rows.width);
        const auto known_width = static_cast<std::size_t>(known_width_);
        std::vector<Real> all_times;
        std::vector<Complex> all_values;
        all_times.reserve(known_times_.size() + times.size());
        all_values.reserve((known_times_.size() + times.size()) * width);
        const Complex* added = rows.values.data() + first_row * width;
        std::size_t known = 0;
        for (std::size_t k = 0; k <= times.size(); ++k) {
            for (; known < known_times_.size() && (k == times.size() || known_times_[known] <= times[k]); ++known) {
                all_times.push_back(known_times_[known]);
                const Complex* values = known_values_.data() + known * known_width;
                all_values.insert(all_values.end(), values, values + known_width);
                // A function that joined later was zero before.
                all_values.insert(all_values.end(), width - known_width, Complex(0));
            }
            if (k < times.size()) {
                all_times.push_back(times[k]);
                all_values.insert(all_values.end(), added + k * width, added + (k + 1) * width);
            }
        }
        known_times_ = std::move(all_times);
        known_values_ = std::move(all_values);
        known_width_ = rows.width;
    }

    /// Until every piece is resolved and every edge explained; false if that takes too many pieces.
    bool settle() {
        while (true) {
            sample_new_pieces();
            std::vector<Search> searches;
            std::vector<std::size_t> to_split;
            plan(searches, to_split);
            if (searches.empty() && to_split.empty()) {
                return true;
            }
            run(searches);
            rebuild(searches, to_split);
            if (std::ssize(pieces_) > most_resolved_pieces) {
                return false;
            }
        }
    }

    void sample_new_pieces() {
        std::vector<Real> asked;
        std::vector<std::size_t> which;
        for (std::size_t k = 0; k < pieces_.size(); ++k) {
            if (!pieces_[k].is_sampled) {
                which.push_back(k);
                append_times(pieces_[k], asked);
            }
        }
        if (which.empty()) {
            return;
        }
        const SampledRows rows = ask(asked);
        for (std::size_t k = 0; k < which.size(); ++k) {
            take_samples(pieces_[which[k]], rows, k * looks_of_piece);
        }
        for (std::size_t k : which) {
            judge(pieces_[k]);
        }
    }

    void plan(std::vector<Search>& searches, std::vector<std::size_t>& to_split) {
        std::vector<Real> asked;
        std::vector<std::size_t> doubtful;
        for (std::size_t k = 0; k < pieces_.size(); ++k) {
            Piece& piece = pieces_[k];
            if (!piece.is_resolved) {
                Search search{k, true, k - 1, k + 1, piece.left, piece.right};
                if (k > 0 && k + 1 < pieces_.size() && pieces_[k - 1].is_resolved && pieces_[k + 1].is_resolved &&
                    changes_over_once(piece, search)) {
                    searches.push_back(search);
                } else {
                    to_split.push_back(k);
                }
                continue;
            }
            if (k == 0 || piece.edge != EdgeState::unchecked || !pieces_[k - 1].is_resolved) {
                continue;
            }
            const Piece& former = pieces_[k - 1];
            const bool is_end_of_doubt = piece.length() <= 2 * shortest_ || former.length() <= 2 * shortest_;
            if (is_end_of_doubt) {
                piece.edge = EdgeState::stop;
            } else if (distance(former, piece, piece.left) <= allowed_at_edge(former, piece)) {
                piece.edge = bends_at(former, piece) ? EdgeState::stop : EdgeState::smooth;
            } else if (distance(former, piece, piece.left) <= largest_noise * largest_) {
                // So little matters nowhere between the outermost looks.
                piece.edge = EdgeState::stop;
            } else {
                doubtful.push_back(k);
                asked.push_back(piece.left - 2 * grain_);
                asked.push_back(piece.left + 2 * grain_);
            }
        }
        if (doubtful.empty()) {
            return;
        }
        // Mostly the jump is where the edge is.
        const SampledRows rows = ask(asked);
        for (std::size_t k = 0; k < doubtful.size(); ++k) {
            const std::size_t position = doubtful[k];
            const Index before = 2 * static_cast<Index>(k);
            Piece& piece = pieces_[position];
            Search search{position,
                          false,
                          position - 1,
                          position,
                          pieces_[position - 1].left + check_fractions.back() * pieces_[position - 1].length(),
                          piece.left + check_fractions.front() * piece.length()};
            const bool is_here = side(search, asked[2 * k], rows, before) == Side::left &&
                                 side(search, asked[2 * k + 1], rows, before + 1) == Side::right;
            if (is_here || piece.attempts > 4 || search.to - search.from <= 4 * grain_) {
                piece.edge = EdgeState::stop;
            } else {
                searches.push_back(search);
            }
        }
    }

    Real allowed_at_edge(const Piece& a, const Piece& b) const {
        return std::max(tolerance_at_edges * largest_, 100 * std::max(a.slack, b.slack));
    }

    /// Whether slope or curvature jump at the common edge by more than the polynomials' own errors.
    bool bends_at(const Piece& former, const Piece& piece) const {
        const Real reference = std::min(former.length(), piece.length());
        const Real slack = std::max(former.slack, piece.slack);
        for (Index function = 0; function < std::max(former.width, piece.width); ++function) {
            const auto before = former.bends(function, 1, reference);
            const auto behind = piece.bends(function, -1, reference);
            if (std::abs(before[0] - behind[0]) > std::max(1e-7 * largest_, 1e4 * slack) ||
                std::abs(before[1] - behind[1]) > std::max(1e-5 * largest_, 1e6 * slack)) {
                return true;
            }
        }
        return false;
    }

    enum class Side { left, right, neither };

    Side side(const Search& search, Real t, std::span<const Complex> values, Index row, Index width) const {
        const Piece& left = pieces_[search.left];
        const Piece& right = pieces_[search.right];
        const Real to_left = distance(left, t, values, row, width);
        const Real to_right = distance(right, t, values, row, width);
        const Real apart = distance(left, right, t);
        const Real nearer = std::min(to_left, to_right);
        if (!(nearer <= std::max(1e-3 * apart, allowed_at_edge(left, right)))) {
            return Side::neither;
        }
        return to_left <= to_right ? Side::left : Side::right;
    }

    Side side(const Search& search, Real t, const SampledRows& rows, Index row) const {
        return side(search, t, rows.values, row, rows.width);
    }

    /// Whether all that is known inside an open piece follows its left neighbour first and its right one then.
    bool changes_over_once(const Piece& piece, Search& search) const {
        // The steps of functions in single precision are too many to be found one by one.
        const Piece& left = pieces_[search.left];
        const Piece& right = pieces_[search.right];
        if (std::max(distance(left, right, piece.left), distance(left, right, piece.right)) <=
            largest_noise * largest_) {
            return false;
        }
        struct Look {
            Real t;
            Side side;
        };
        std::vector<Look> looks;
        std::vector<Real> times;
        append_times(piece, times);
        for (std::size_t k = 0; k < times.size(); ++k) {
            looks.push_back({times[k], side(search, times[k], piece.samples, static_cast<Index>(k), piece.width)});
        }
        const auto [first, last] = known_inside(piece.left, piece.right);
        for (std::size_t k = first; k < last; ++k) {
            if (!is_at_edge(known_times_[k], piece)) {
                looks.push_back({known_times_[k],
                                 side(search, known_times_[k], known_values_, static_cast<Index>(k), known_width_)});
            }
        }
        std::sort(looks.begin(), looks.end(), [](const Look& a, const Look& b) { return a.t < b.t; });
        const auto change =
            std::find_if(looks.begin(), looks.end(), [](const Look& look) { return look.side != Side::left; });
        if (change == looks.begin() || change == looks.end() ||
            !std::all_of(change, looks.end(), [](const Look& look) { return look.side == Side::right; })) {
            return false;
        }
        search.from = std::prev(change)->t;
        search.to = change->t;
        return true;
    }

    /// Narrows all brackets together.
    void run(std::vector<Search>& searches) {
        while (true) {
            std::vector<Real> asked;
            for (Search& search : searches) {
                if (!search.is_over) {
                    const std::size_t before = asked.size();
                    propose(search, asked);
                    search.proposed = std::ssize(asked) - static_cast<Index>(before);
                }
            }
            if (asked.empty()) {
                return;
            }
            const SampledRows rows = ask(asked);
            Index first = 0;
            for (Search& search : searches) {
                if (!search.is_over) {
                    narrow(search, asked, rows, first);
                    first += search.proposed;
                }
            }
        }
    }

    /// Where to ask next: first on both sides of where the polynomials cross, which is the place of a kink; then in the
    /// middle, or at many places if that costs no more.
    void propose(Search& search, std::vector<Real>& asked) const {
        const Real width = search.to - search.from;
        if (!search.is_guessed) {
            search.is_guessed = true;
            const Real beside = std::max(1e-6 * width, grain_ / 2);
            const Real crossing = crossing_of(search);
            if (crossing - beside > search.from && crossing + beside < search.to) {
                asked.push_back(crossing - beside);
                asked.push_back(crossing + beside);
                return;
            }
        }
        const Index cuts = request_.likes_many ? 15 : 1;
        for (Index cut = 1; cut <= cuts; ++cut) {
            asked.push_back(search.from + width * static_cast<Real>(cut) / static_cast<Real>(cuts + 1));
        }
    }

    /// Where the two polynomials of a bracket cross; its beginning if they do not.
    Real crossing_of(const Search& search) const {
        const Piece& left = pieces_[search.left];
        const Piece& right = pieces_[search.right];
        Index moving = 0;
        Complex direction = 0;
        for (Index function = 0; function < std::max(left.width, right.width); ++function) {
            const auto apart = [&](Real t) { return right.at(function, t) - left.at(function, t); };
            const Complex change = apart(search.to) - apart(search.from);
            if (std::abs(change) > std::abs(direction)) {
                direction = change;
                moving = function;
            }
        }
        const auto along = [&](Real t) {
            return ((right.at(moving, t) - left.at(moving, t)) * std::conj(direction)).real();
        };
        Real from = search.from;
        Real to = search.to;
        const Real at_from = along(from);
        if (!(at_from < 0 && along(to) > 0)) {
            return search.from;
        }
        while (to - from > grain_ / 4) {
            const Real middle = from + (to - from) / 2;
            (along(middle) < 0 ? from : to) = middle;
        }
        return to;
    }

    void narrow(Search& search, const std::vector<Real>& asked, const SampledRows& rows, Index first) {
        Real from = search.from;
        Real to = search.to;
        bool behind = false;
        for (Index cut = first; cut < first + search.proposed; ++cut) {
            const Real t = asked[static_cast<std::size_t>(cut)];
            const Side found = side(search, t, rows, cut);
            if (found == Side::neither || (behind && found == Side::left)) {
                // Where both polynomials agree, rounding decides between them.
                const Piece& left = pieces_[search.left];
                const Piece& right = pieces_[search.right];
                if (found != Side::neither && distance(left, right, t) <= 2 * allowed_at_edge(left, right)) {
                    continue;
                }
                search.is_over = search.has_failed = true;
                return;
            }
            if (found == Side::left) {
                from = t;
            } else if (!behind) {
                to = t;
                behind = true;
            }
        }
        const bool is_stuck = to - from >= search.to - search.from;
        search.from = from;
        search.to = to;
        const Piece& left = pieces_[search.left];
        const Piece& right = pieces_[search.right];
        search.is_over = is_stuck || to - from <= grain_ ||
                         (distance(left, right, from) <= allowed_at_edge(left, right) &&
                          distance(left, right, to) <= allowed_at_edge(left, right));
    }

    static Piece new_piece(Real left, Real right) {
        Piece piece;
        piece.left = left;
        piece.right = right;
        return piece;
    }

    void renew(Piece& piece) const {
        piece.is_sampled = piece.is_resolved = false;
        piece.former_defects = {};
        std::vector<Complex>().swap(piece.samples);
    }

    void rebuild(const std::vector<Search>& searches, const std::vector<std::size_t>& to_split) {
        std::vector<const Search*> search_of(pieces_.size(), nullptr);
        std::vector<bool> splits(pieces_.size(), false);
        for (const Search& search : searches) {
            search_of[search.piece] = &search;
        }
        for (std::size_t k : to_split) {
            splits[k] = true;
        }
        std::vector<Piece> rebuilt;
        rebuilt.reserve(pieces_.size() + 2 * searches.size() + to_split.size());
        for (std::size_t k = 0; k < pieces_.size(); ++k) {
            Piece& piece = pieces_[k];
            const Search* search = search_of[k];
            if (splits[k] || (search != nullptr && search->inside)) {
                divide(piece, search, rebuilt);
            } else {
                if (search != nullptr) {
                    move_edge(piece, *search, rebuilt);
                }
                rebuilt.push_back(std::move(piece));
            }
        }
        pieces_ = std::move(rebuilt);
    }

    /// An open piece becomes two: at what was found in it, or in the middle.
    void divide(Piece& piece, const Search* search, std::vector<Piece>& rebuilt) {
        const bool is_found = search != nullptr && !search->has_failed && search->to - piece.left > shortest_ &&
                              piece.right - search->to > shortest_;
        const Real where = is_found ? search->to : piece.left + piece.length() / 2;
        Piece first = new_piece(piece.left, where);
        first.edge = piece.edge;
        first.attempts = piece.attempts;
        Piece second = new_piece(where, piece.right);
        second.attempts = is_found ? 1 : 0;
        if (!is_found) {
            first.former_defects = {piece.defect, piece.former_defects[0], piece.former_defects[1]};
            second.former_defects = first.former_defects;
        }
        rebuilt.push_back(std::move(first));
        rebuilt.push_back(std::move(second));
    }

    /// The edge between two resolved pieces goes where the change-over was found; if there is more than one, the
    /// bracket becomes a piece of its own.
    void move_edge(Piece& piece, const Search& search, std::vector<Piece>& rebuilt) {
        Piece& former = rebuilt.back();
        if (search.has_failed) {
            Piece between = new_piece(search.from, search.to);
            former.right = search.from;
            piece.left = search.to;
            renew(former);
            renew(piece);
            piece.attempts = 0;
            rebuilt.push_back(std::move(between));
            return;
        }
        const Real shift = std::abs(search.to - piece.left);
        former.right = piece.left = search.to;
        ++piece.attempts;
        if (shift > 2 * grain_) {
            renew(former);
            renew(piece);
        } else {
            piece.edge = EdgeState::stop;
        }
    }

    bool is_declared(Real t) const {
        const auto near = [&](std::span<const Real> declared) {
            const auto found = std::lower_bound(declared.begin(), declared.end(), t - shortest_);
            return found != declared.end() && *found <= t + shortest_;
        };
        return near(request_.times) || near(request_.breakpoints);
    }

    /// Width of the narrowest feature the caller did not declare: between two stops, or between a stop and where the
    /// functions begin or cease to stand still.
    Real narrowest_feature() const {
        Real narrowest = std::numeric_limits<Real>::infinity();
        std::size_t former = 0;
        bool is_former_declared = true;
        for (std::size_t k = 1; k < pieces_.size(); ++k) {
            if (pieces_[k].edge != EdgeState::stop && pieces_[k].stands_still() == pieces_[k - 1].stands_still()) {
                continue;
            }
            const bool is_now_declared = is_declared(pieces_[k].left);
            if (former > 0 && !(is_former_declared && is_now_declared) && stands_out(former, k)) {
                narrowest = std::min(narrowest, pieces_[k].left - pieces_[former].left);
            }
            former = k;
            is_former_declared = is_now_declared;
        }
        return narrowest;
    }

    /// Whether what lies between two marks differs from its surroundings: about a kink there may be slivers that do
    /// not.
    bool stands_out(std::size_t first, std::size_t behind) const {
        const Real middle = (pieces_[first].left + pieces_[behind].left) / 2;
        std::size_t k = first;
        while (pieces_[k].right < middle) {
            ++k;
        }
        const Piece& before = pieces_[first - 1];
        const Piece& after = pieces_[behind];
        for (Index function = 0; function < pieces_[k].width; ++function) {
            const Complex value = pieces_[k].at(function, middle);
            if (std::max(std::abs(value - before.at(function, before.right)),
                         std::abs(value - after.at(function, after.left))) > 1e-3 * largest_) {
                return true;
            }
        }
        return false;
    }

    bool is_unchanging() const {
        for (std::size_t k = 0; k < pieces_.size(); ++k) {
            if (!pieces_[k].stands_still() ||
                (k > 0 && distance(pieces_[k - 1], pieces_[k], pieces_[k].left) > negligible * largest_)) {
                return false;
            }
        }
        return true;
    }

    /// Looks more closely where nothing happens, if what happens elsewhere is narrow; true if that found something.
    bool look_closer() {
        const bool unchanging = is_unchanging();
        narrowest_ = narrowest_feature();
        const Real wanted = unchanging ? duration_ / looks_per_unchanging_span : narrowest_ / 4;
        Real still = 0;
        for (const Piece& piece : pieces_) {
            still += piece.stands_still() ? piece.length() : 0;
        }
        if (still == 0 || !(wanted < quiet_gap_ * 0.99) || (!unchanging && narrowest_ > 8 * gap_)) {
            return false;
        }
        // A caller who has said how finely to look is content with it.
        if (unchanging && (request_.longest_gap > 0 || !request_.breakpoints.empty())) {
            return false;
        }
        const Real affordable = static_cast<Real>(std::max(least_further_looks, 4 * samples_));
        const Real gap = std::max(wanted, 1.32 * still / affordable);
        if (!(gap < quiet_gap_ * 0.99)) {
            return false;
        }
        quiet_gap_ = gap;
        std::vector<Real> asked;
        for (std::size_t k = 0; k < pieces_.size(); ++k) {
            if (pieces_[k].stands_still() && pieces_[k].length() > gap / 2) {
                append_looks(pieces_[k].left, pieces_[k].right, gap, asked);
            }
        }
        const SampledRows rows = ask(asked);
        bool has_found = false;
        std::vector<Real> surprising;
        SampledRows surprises{rows.width, {}, 0};
        std::size_t piece = 0;
        for (std::size_t k = 0; k < asked.size(); ++k) {
            while (pieces_[piece].right < asked[k]) {
                ++piece;
            }
            if (!is_at_edge(asked[k], pieces_[piece]) &&
                distance(pieces_[piece], asked[k], rows.values, static_cast<Index>(k), rows.width) > 100 * allowed()) {
                has_found = true;
                pieces_[piece].is_sampled = pieces_[piece].is_resolved = false;
                surprising.push_back(asked[k]);
                const auto row = rows.values.begin() + static_cast<std::ptrdiff_t>(k) * rows.width;
                surprises.values.insert(surprises.values.end(), row, row + rows.width);
            }
        }
        if (has_found) {
            add_known(surprising, surprises, 0);
        }
        return has_found;
    }

    Resolution report_rough() const {
        Resolution resolution;
        resolution.samples = samples_;
        for (const Piece& piece : pieces_) {
            if (!piece.is_resolved) {
                resolution.rough_at = piece.left;
                break;
            }
        }
        return resolution;
    }

    Resolution finish() {
        Resolution resolution;
        resolution.samples = samples_;
        resolution.look_gap = quiet_gap_;
        resolution.is_unchanging = is_unchanging();
        const bool is_told = request_.longest_gap > 0 || !request_.breakpoints.empty();
        resolution.is_looked_at_too_coarsely =
            (resolution.is_unchanging && !is_told) ||
            (std::any_of(pieces_.begin(), pieces_.end(), [](const Piece& piece) { return piece.stands_still(); }) &&
             narrowest_ < 2 * quiet_gap_);
        for (Index function = 0; function < width_; ++function) {
            resolution.coefficients.push_back(coefficient_of(function));
        }
        return resolution;
    }

    Coefficient coefficient_of(Index function) const {
        const bool holds = std::all_of(pieces_.begin(), pieces_.end(), [](const Piece& p) { return p.stands_still(); });
        std::vector<Real> edges;
        std::vector<Complex> values;
        if (holds) {
            for (const Piece& piece : pieces_) {
                const Complex value = piece.at(function, piece.left);
                if (values.empty() || std::abs(values.back() - value) > negligible * largest_) {
                    edges.push_back(piece.left);
                    values.push_back(value);
                }
            }
            edges.push_back(end_);
            values.push_back(values.back());
            return Coefficient::from_steps(std::move(edges), values);
        }
        std::vector<Real> stops;
        for (const Piece& piece : pieces_) {
            edges.push_back(piece.left);
            if (piece.edge == EdgeState::stop) {
                stops.push_back(piece.left);
            }
            if (function < piece.width) {
                const auto first = piece.chebyshev.begin() + function * points;
                values.insert(values.end(), first, first + points);
            } else {
                values.insert(values.end(), points, Complex(0));
            }
        }
        edges.push_back(end_);
        Coefficient made = Coefficient::from_chebyshev(std::move(edges), values);
        made.stops = std::move(stops);
        return made;
    }

    const Sampler& sampler_;
    const ResolutionRequest& request_;
    Real begin_;
    Real end_;
    Real duration_;
    Real grain_;     // a jump's place is known to this
    Real shortest_;  // no piece is halved below twice this
    Real gap_;
    Real quiet_gap_;
    std::vector<Piece> pieces_;
    std::vector<Real> known_times_;  // looks that no polynomial was made from, increasing
    std::vector<Complex> known_values_;
    Index known_width_ = 1;
    Index width_ = 1;
    Index samples_ = 0;
    Real largest_square_ = 0;
    Real largest_ = 0;
    Real rounding_ = 0;
    Real narrowest_ = std::numeric_limits<Real>::infinity();
};

}  // namespace

Resolution resolve_piecewise(const Sampler& sampler, const ResolutionRequest& request) {
    assert(request.times.size() >= 2);
    return PiecewiseResolver(sampler, request).resolve();
}

}  // namespace synqc
