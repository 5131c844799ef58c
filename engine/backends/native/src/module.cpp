// What Python sees: kernels as functions of NumPy arrays, and the threads that they share.
#include <nanobind/nanobind.h>
#include <nanobind/ndarray.h>
#include <nanobind/stl/string.h>
#include <nanobind/stl/vector.h>

#include <memory>

#if defined(__unix__) || defined(__APPLE__)
#include <pthread.h>
#endif

#include "pool.h"
#include "registry.h"

namespace nb = nanobind;
using namespace kiln;

namespace {

std::unique_ptr<Pool>& pool() {
    static std::unique_ptr<Pool> one = std::make_unique<Pool>(1);
    return one;
}

// A child of fork() has none of its parent's threads: it begins with a pool of as many, not yet started. The old
// one is left as it lies, since nobody could end threads that aren't there.
void begin_anew() {
    const int threads = pool()->threads();
    (void)pool().release();
    pool() = std::make_unique<Pool>(threads);
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

    void operator()(const std::vector<Given>& inputs, const std::vector<Given>& outputs,
                    const std::vector<int64_t>& ints, const std::vector<double>& reals) const {
        std::vector<Array> arrays;
        arrays.reserve(inputs.size() + outputs.size());
        for (const auto& each : inputs) arrays.push_back(described(each));
        for (const auto& each : outputs) arrays.push_back(described(each));
        nb::gil_scoped_release unlocked;
        FlushDenormals flush;
        kernel(Call{arrays.data(), arrays.data() + inputs.size(), ints.data(), reals.data(), *pool()});
    }
};

}  // namespace

NB_MODULE(_core, m) {
#if defined(__unix__) || defined(__APPLE__)
    pthread_atfork(nullptr, nullptr, begin_anew);
#endif
    // the table of ops holds kernels until the interpreter is gone
    nb::set_leak_warnings(false);
    m.doc() = "Kernels in C++, over NumPy's arrays.";
    nb::class_<Handle>(m, "Kernel")
        .def_ro("name", &Handle::name)
        .def("__call__", &Handle::operator(), nb::arg("inputs"), nb::arg("outputs"), nb::arg("ints"), nb::arg("reals"),
             "Run the kernel. It trusts its operands.");
    m.def(
        "kernel",
        [](const std::string& name) {
            const Kernel found = find_kernel(name);
            if (found == nullptr) throw nb::key_error(name.c_str());
            return Handle{name, found};
        },
        nb::arg("name"), "The kernel of this name for this processor; KeyError where there is none.");
    m.def("names", &kernel_names, "The names of all kernels.");
    m.def("level", &processor_level, "What the kernels in use were compiled for.");
    m.def("threads", [] { return pool()->threads(); }, "How many threads share the work.");
    m.def(
        "set_threads",
        [](int threads) {
            if (threads < 1) throw nb::value_error("there must be at least one thread");
            if (threads == pool()->threads()) return;
            nb::gil_scoped_release unlocked;
            pool() = std::make_unique<Pool>(threads);
        },
        nb::arg("threads"), "Share the work among so many threads from now on; results stay the same.");
    nb::register_exception_translator(
        [](const std::exception_ptr& p, void*) {
            try {
                std::rethrow_exception(p);
            } catch (const Failure& failure) {
                PyErr_SetString(PyExc_ValueError, failure.what());
            }
        });
}
