// What Python sees: kernels, programs of them, and the threads that they share.
#include <nanobind/nanobind.h>
#include <nanobind/ndarray.h>
#include <nanobind/stl/shared_ptr.h>
#include <nanobind/stl/string.h>
#include <nanobind/stl/vector.h>

#include <chrono>
#include <memory>
#include <utility>

#if defined(__unix__) || defined(__APPLE__)
#include <pthread.h>
#endif

#include "eager.h"
#include "guards.h"
#include "levels.h"
#include "program.h"
#include "shared_pool.h"
#include "views.h"

namespace nb = nanobind;
using namespace kiln;

namespace {

// A child of fork() has none of its parent's threads: it begins with a pool of as many, not yet started. The old
// one is left as it lies, since nobody could end threads that aren't there.
void begin_anew() {
    const int threads = shared_pool()->threads();
    (void)new std::shared_ptr<Pool>(std::move(shared_pool()));
    shared_pool() = std::make_shared<Pool>(threads);
}

DType dtype_of(const nb::dlpack::dtype& dtype) {
    if (dtype == nb::dtype<float>()) return DType::f32;
    if (dtype == nb::dtype<double>()) return DType::f64;
    if (dtype == nb::dtype<int64_t>()) return DType::i64;
    if (dtype == nb::dtype<int32_t>()) return DType::i32;
    if (dtype == nb::dtype<uint8_t>()) return DType::u8;
    if (dtype == nb::dtype<bool>()) return DType::boolean;
    throw nb::type_error("a native kernel takes float32, float64, int64, int32, uint8 and bool arrays");
}

using Given = nb::ndarray<nb::ro>;

Array described(const Given& given) {
    if (given.ndim() > MAX_AXES) throw nb::value_error("a native kernel takes arrays of at most 8 axes");
    Array array{};
    array.data = const_cast<void*>(given.data());
    array.axes = static_cast<int32_t>(given.ndim());
    array.size = 1;
    for (size_t axis = 0; axis < given.ndim(); ++axis) {
        array.shape[axis] = static_cast<int64_t>(given.shape(axis));
        array.strides[axis] = given.stride(axis);
        array.size *= array.shape[axis];
    }
    array.dtype = dtype_of(given.dtype());
    return array;
}

// A kernel that Python holds, so that its name is looked up once.
struct Handle {
    std::string name;
    Kernel kernel;
};

// Some calls of a program, as a function of the arrays that its slots are to hold: a list of them, since Python 3.11
// keeps tuples of twenty that are gone, up to two thousand, without ever using them again.
class Segment {
  public:
    Segment(std::shared_ptr<Program> of, int from, int to, std::vector<int> numbers)
        : program(std::move(of)), first(from), last(to), slots(std::move(numbers)) {}

    void operator()(const nb::list& arrays) const {
        place(arrays);
        const std::shared_ptr<Pool> shared = shared_pool();
        nb::gil_scoped_release unlocked;
        FlushDenormals flush;
        program->run(*shared, first, last);
    }

    // The same; returns what each call took, in seconds, or all that are made together with it.
    std::vector<double> durations(const nb::list& arrays) const {
        using Clock = std::chrono::steady_clock;
        place(arrays);
        std::vector<double> seconds;
        const std::shared_ptr<Pool> shared = shared_pool();
        nb::gil_scoped_release unlocked;
        FlushDenormals flush;
        for (int k = first, next; k < last; k = next) {
            next = program->after(k);
            const auto began = Clock::now();
            program->run(*shared, k, next);
            seconds.push_back(std::chrono::duration<double>(Clock::now() - began).count());
        }
        return seconds;
    }

  private:
    void place(const nb::list& arrays) const {
        if (arrays.size() != slots.size()) throw nb::value_error("there must be as many arrays as slots");
        for (size_t k = 0; k < slots.size(); ++k)
            program->place(slots[k], const_cast<void*>(nb::cast<Given>(arrays[k]).data()));
    }

    std::shared_ptr<Program> program;
    int first, last;
    std::vector<int> slots;
};

// [first axis, the rest] of an array without gaps: where it lies, its length and the bytes of a row.
struct Rows {
    char* data;
    int64_t count, bytes;
};

Rows rows_of(const nb::handle& array) {
    const Given given = nb::cast<Given>(array);
    int64_t next = 1;
    for (size_t axis = given.ndim(); axis-- > 0; next *= static_cast<int64_t>(given.shape(axis)))
        if (given.size() > 0 && given.shape(axis) > 1 && given.stride(axis) != next)
            throw nb::value_error("rows are taken from arrays without gaps");
    int64_t bytes = given.itemsize();
    for (size_t axis = 1; axis < given.ndim(); ++axis) bytes *= static_cast<int64_t>(given.shape(axis));
    return {static_cast<char*>(const_cast<void*>(given.data())), static_cast<int64_t>(given.shape(0)), bytes};
}

// gathers: (source, indices [steps, batch], to); before: (values [steps, ...], to); after: (from, values)
int64_t repeat(Program& program, int64_t steps, double milliseconds, const nb::list& gathers, const nb::list& before,
               const nb::list& after) {
    std::vector<Gather> gathered;
    std::vector<Move> first, last;
    for (const nb::handle each : gathers) {
        const Rows source = rows_of(each[0]), indices = rows_of(each[1]), to = rows_of(each[2]);
        if (nb::cast<Given>(each[1]).dtype() != nb::dtype<int64_t>()) throw nb::type_error("indices are int64");
        if (indices.count < steps || indices.bytes != to.count * 8 || source.bytes != to.bytes)
            throw nb::value_error("the rows to gather, their indices and their place don't fit");
        gathered.push_back({source.data, source.bytes, reinterpret_cast<const int64_t*>(indices.data),
                            to.count, to.data});
    }
    for (const nb::handle each : before) {
        const Rows values = rows_of(each[0]);
        const Given to = nb::cast<Given>(each[1]);
        if (values.count < steps || values.bytes != static_cast<int64_t>(to.nbytes()))
            throw nb::value_error("there must be a value for each step, of the form that its place has");
        first.push_back({values.data, values.bytes, static_cast<char*>(const_cast<void*>(to.data())), 0, values.bytes});
    }
    for (const nb::handle each : after) {
        const Rows values = rows_of(each[1]);
        if (values.count < steps) throw nb::value_error("there must be room for each step's value");
        last.push_back({static_cast<const char*>(nb::cast<Given>(each[0]).data()), 0, values.data, values.bytes,
                        values.bytes});
    }
    const std::shared_ptr<Pool> shared = shared_pool();
    nb::gil_scoped_release unlocked;
    FlushDenormals flush;
    return program.repeat(*shared, steps, milliseconds, gathered, first, last);
}

// The first array of a list that nobody else holds; None where there is none.
nb::object unheld(const nb::list& arrays) {
    for (size_t k = 0; k < arrays.size(); ++k) {
        PyObject* each = PyList_GET_ITEM(arrays.ptr(), static_cast<Py_ssize_t>(k));
        if (Py_REFCNT(each) == 1) return nb::borrow(each);
    }
    return nb::none();
}

void define_programs(nb::module_& m) {
    nb::class_<Segment>(m, "Segment")
        .def("__call__", &Segment::operator(), "Run the calls, the slots holding these arrays.")
        .def("durations", &Segment::durations,
             "The same; what each call took, in seconds, or all that are made together.");
    nb::class_<Program>(m, "Program")
        .def(nb::init<int>(), nb::arg("slots"))
        .def(
            "add",
            [](Program& program, const Given& array, int slot, int64_t offset) {
                return program.add(described(array), slot, offset);
            },
            nb::arg("array"), nb::arg("slot") = -1, nb::arg("offset") = 0,
            "An operand that lies where this array does or, with a slot, `offset` bytes into what that holds.")
        .def(
            "call",
            [](Program& program, const Handle& handle, const std::vector<int>& inputs, const std::vector<int>& outputs,
               const std::vector<int64_t>& ints, const std::vector<double>& reals) {
                program.call(handle.kernel, inputs, outputs, ints, reals);
            },
            nb::arg("kernel"), nb::arg("inputs"), nb::arg("outputs"), nb::arg("ints"), nb::arg("reals"),
            "Call a kernel next, with operands by their numbers.")
        .def(
            "add_tile",
            [](Program& program, const Given& like, int64_t offset) {
                return program.add_tile(dtype_of(like.dtype()), offset);
            },
            nb::arg("like"), nb::arg("offset"), "An operand of chained calls alone, of the dtype that this array has.")
        .def("chain", &Program::chain, nb::arg("first"), nb::arg("elements"), nb::arg("led"), nb::arg("tile_bytes"),
             "Make the calls from `first` on together, part by part of their elements.")
        .def("together", &Program::together, nb::arg("first"), "Share the work of the steps from `first` on in one round.")
        .def(
            "segment",
            [](const std::shared_ptr<Program>& program, int first, int last, const std::vector<int>& slots) {
                return Segment(program, first, last, slots);
            },
            nb::arg("first"), nb::arg("last"), nb::arg("slots"))
        .def("place", [](Program& program, int slot, const Given& array) { program.place(slot, const_cast<void*>(array.data())); },
             nb::arg("slot"), nb::arg("array"))
        .def("repeat", &repeat, nb::arg("steps"), nb::arg("milliseconds"), nb::arg("gathers"), nb::arg("before"),
             nb::arg("after"))
        .def_prop_ro("size", &Program::size)
        .def_prop_ro("failed", &Program::failed)
        .def_prop_ro("begun", &Program::begun);
    m.attr("TILE") = Program::TILE;
    m.def("unheld", &unheld, nb::arg("arrays"), "The first array of a list that nobody else holds, or None.");
}

}  // namespace

NB_MODULE(_core, m) {
#if defined(__unix__) || defined(__APPLE__)
    pthread_atfork(nullptr, nullptr, begin_anew);
#endif
    // the table of ops holds kernels until the interpreter is gone
    nb::set_leak_warnings(false);
    m.doc() = "Kernels in C++, over NumPy's arrays.";
    nb::class_<Handle>(m, "Kernel")
        .def_ro("name", &Handle::name);
    m.def(
        "kernel",
        [](const std::string& name) {
            const Kernel found = find_kernel(name);
            if (found == nullptr) throw nb::key_error(name.c_str());
            return Handle{name, found};
        },
        nb::arg("name"), "The kernel of this name for this processor; KeyError where there is none.");
    define_programs(m);
    define_guards(m);
    define_eager(m);
    define_views(m);
    m.def("names", &kernel_names, "The names of all kernels.");
    m.def("level", &processor_level, "What the kernels in use were compiled for.");
    m.def("threads", [] { return shared_pool()->threads(); }, "How many threads share the work.");
    m.def(
        "set_threads",
        [](int threads) {
            if (threads < 1) throw nb::value_error("there must be at least one thread");
            if (threads == shared_pool()->threads()) return;
            std::shared_ptr<Pool> before = std::exchange(shared_pool(), std::make_shared<Pool>(threads));
            nb::gil_scoped_release unlocked;
            before.reset();
        },
        nb::arg("threads"), "Share the work among so many threads from now on; results stay the same.");
    nb::register_exception_translator([](const std::exception_ptr& failure, void*) { raise_failure(failure); });
}
