// The kernels of an eager step. Which one is called, and with what, its op's row says in Python, and that takes
// longer than a small kernel runs. But a row looks at the arrays' shapes, dtypes and strides alone, and at the other
// operands' values: what it has said once holds for all calls of the same form. So it is remembered, and found again
// in about 0.1 microseconds.
#define KILN_IMPORTS_NUMPY
#include "eager.h"

#include <nanobind/stl/string.h>
#include <structmember.h>

#include <cstddef>
#include <exception>
#include <memory>
#include <new>
#include <type_traits>
#include <unordered_map>
#include <utility>
#include <vector>

#include "arrays.h"
#include "failure.h"
#include "forms.h"
#include "levels.h"
#include "shared_pool.h"

namespace nb = nanobind;

namespace kiln {
namespace {

constexpr size_t MOST_PLANS = 4096;    // of one op; then all are forgotten
constexpr int64_t WORTH_UNLOCKING = 4096;  // elements: who computes with fewer keeps Python's lock

using Operands = std::vector<nb::object>;

PyArrayObject* array_of(PyObject* x) { return reinterpret_cast<PyArrayObject*>(x); }
bool is_array(PyObject* x) { return PyArray_CheckExact(x); }
bool has_gaps(PyObject* x) { return is_array(x) && !PyArray_IS_C_CONTIGUOUS(array_of(x)); }

// How calls of one form are made.
struct Plan {
    // null where it is left to the fallback
    Kernel kernel = nullptr;
    // of inputs, then results: the data are put in with each call
    std::vector<Array> arrays;
    // where an input's data begin: so many bytes after an operand's; of a constant (-1), where they lie
    struct Place {
        int operand;
        intptr_t offset;
    };
    std::vector<Place> inputs;
    std::vector<nb::object> dtypes;  // of the results
    std::vector<int> packed;         // operands that it is given copies of, without gaps
    std::vector<int64_t> ints;
    std::vector<double> reals;
    std::vector<nb::object> held;  // constants, and what the form knows by its address
    int64_t elements = 0;
};

// The bytes from the first to behind the last one of an array.
struct Extent {
    char *first, *last;

    explicit Extent(PyArrayObject* x) : first(PyArray_BYTES(x)), last(first + PyArray_ITEMSIZE(x)) {
        for (int axis = 0; axis < PyArray_NDIM(x); ++axis) {
            const npy_intp reach = (PyArray_DIM(x, axis) - 1) * PyArray_STRIDE(x, axis);
            (reach < 0 ? first : last) += PyArray_DIM(x, axis) == 0 ? 0 : reach;
        }
    }
    bool meets(const Extent& other) const { return first < other.last && other.first < last; }
};

nb::object checked(PyObject* made) {
    if (made == nullptr) throw nb::python_error();
    return nb::steal(made);
}

// An array of the same form in memory of its own, which nobody reads or writes; without gaps if it is to be packed.
nb::object stand_in(PyArrayObject* x, bool packed) {
    PyArray_Descr* dtype = PyArray_DESCR(x);
    Py_INCREF(dtype);
    if (packed) return checked(PyArray_Empty(PyArray_NDIM(x), PyArray_DIMS(x), dtype, 0));
    const Extent extent(x);
    npy_intp bytes = extent.last - extent.first;
    nb::object memory = checked(PyArray_SimpleNew(1, &bytes, NPY_UINT8));
    char* data = PyArray_BYTES(array_of(memory.ptr())) + (PyArray_BYTES(x) - extent.first);
    nb::object made =
        checked(PyArray_NewFromDescr(&PyArray_Type, dtype, PyArray_NDIM(x), PyArray_DIMS(x), PyArray_STRIDES(x), data,
                                     PyArray_ISWRITEABLE(x) ? NPY_ARRAY_WRITEABLE : 0, nullptr));
    if (PyArray_SetBaseObject(array_of(made.ptr()), memory.release().ptr()) != 0) throw nb::python_error();
    return made;
}

DType dtype_of(PyArray_Descr* dtype) {
    const npy_intp bytes = PyDataType_ELSIZE(dtype);
    if (PyArray_ISNBO(dtype->byteorder)) {
        if (dtype->kind == 'f' && bytes == 4) return DType::f32;
        if (dtype->kind == 'f' && bytes == 8) return DType::f64;
        if (dtype->kind == 'i' && bytes == 8) return DType::i64;
        if (dtype->kind == 'i' && bytes == 4) return DType::i32;
        if (dtype->kind == 'u' && bytes == 1) return DType::u8;
        if (dtype->kind == 'b') return DType::boolean;
    }
    throw nb::type_error("a native kernel takes float32, float64, int64, int32, uint8 and bool arrays");
}

Array described(PyArray_Descr* dtype, int axes, const npy_intp* shape, const npy_intp* strides) {
    if (axes > MAX_AXES) throw nb::value_error("a native kernel takes arrays of at most 8 axes");
    Array array{};
    array.axes = axes;
    array.dtype = dtype_of(dtype);
    array.size = 1;
    for (int axis = axes - 1; axis >= 0; --axis) {
        array.shape[axis] = shape[axis];
        array.strides[axis] = strides == nullptr ? array.size : strides[axis] / PyDataType_ELSIZE(dtype);
        array.size *= shape[axis];
    }
    return array;
}

// What a row has said of these operands.
void add_input(Plan& plan, PyObject* input, const Operands& operands) {
    if (!is_array(input)) throw nb::type_error("a native kernel takes arrays");
    PyArrayObject* x = array_of(input);
    Plan::Place place{-1, reinterpret_cast<intptr_t>(PyArray_BYTES(x))};
    for (size_t k = 0; k < operands.size() && place.operand < 0; ++k)
        if (operands[k].ptr() == input) place = {static_cast<int>(k), 0};
    for (size_t k = 0; k < operands.size() && place.operand < 0; ++k) {
        PyObject* of = operands[k].ptr();
        if (is_array(of) && Extent(x).meets(Extent(array_of(of))))
            place = {static_cast<int>(k), PyArray_BYTES(x) - PyArray_BYTES(array_of(of))};
    }
    if (place.operand < 0) plan.held.push_back(nb::borrow(input));
    plan.inputs.push_back(place);
    plan.arrays.push_back(described(PyArray_DESCR(x), PyArray_NDIM(x), PyArray_DIMS(x), PyArray_STRIDES(x)));
}

// What a kernel's numbers are made of may be what a user has given, and then be no numbers at all.
template <typename T> std::vector<T> numbers(const std::string& name, const nb::object& given) {
    std::vector<T> found;
    for (const nb::handle each : given) {
        T number{};
        if (nb::try_cast(each, number)) {
            found.push_back(number);
            continue;
        }
        const char* expected = std::is_integral_v<T> ? "a whole number" : "a number";
        if (PyLong_Check(each.ptr())) PyErr_Format(PyExc_OverflowError, "%s: 64 bits are too few for a number given", name.c_str());
        else PyErr_Format(PyExc_TypeError, "%s takes %s where %R was given", name.c_str(), expected, each.ptr());
        throw nb::python_error();
    }
    return found;
}

void follow(Plan& plan, const nb::object& native, const Operands& operands) {
    const auto name = nb::cast<std::string>(native[0]);
    plan.kernel = find_kernel(name);
    if (plan.kernel == nullptr) throw nb::key_error(name.c_str());
    for (const nb::handle input : native[1]) add_input(plan, input.ptr(), operands);
    for (const nb::handle form : native[2]) {
        const auto shape = numbers<npy_intp>(name, form[0]);
        plan.dtypes.push_back(nb::borrow(nb::object(form[1])));
        auto* dtype = reinterpret_cast<PyArray_Descr*>(plan.dtypes.back().ptr());
        plan.arrays.push_back(described(dtype, static_cast<int>(shape.size()), shape.data(), nullptr));
    }
    for (const Array& array : plan.arrays) plan.elements += array.size;
    plan.ints = numbers<int64_t>(name, native[3]);
    plan.reals = numbers<double>(name, native[4]);
}

// The kernel of one op: what its row says, remembered.
class Rows {
  public:
    Rows(PyObject* row, PyObject* fallback, bool overwrites)
        : row_(nb::borrow(row)), fallback_(nb::borrow(fallback)), overwrites_(overwrites) {}

    PyObject* call(PyObject* const* operands, size_t count) {
        const std::shared_ptr<const Plan> plan = found(operands, count);
        if (plan->kernel == nullptr) return PyObject_Vectorcall(fallback_.ptr(), operands, count, nullptr);
        return run(*plan, operands);
    }
    int traverse(visitproc visit, void* arg) const {
        Py_VISIT(row_.ptr());
        Py_VISIT(fallback_.ptr());
        return 0;
    }

  private:
    std::shared_ptr<const Plan> found(PyObject* const* operands, size_t count) {
        // a row that overwrites looks for operands that share its memory, which no form shows
        if (overwrites_ && shares(operands, count)) return planned(operands, count, false);
        Form form;
        for (size_t k = 0; k < count; ++k)
            if (!form.add(operands[k])) return planned(operands, count, true);
        static thread_local std::string key;
        form.write_to(key);
        const auto known = plans_.find(key);
        if (known != plans_.end()) return known->second;
        std::string own(key);  // the row may call kernels
        auto plan = planned(operands, count, true);
        if (plans_.size() >= MOST_PLANS) plans_.clear();
        return plans_[std::move(own)] = std::move(plan);
    }

    static bool shares(PyObject* const* operands, size_t count) {
        if (count == 0 || !is_array(operands[0])) return false;
        const Extent first(array_of(operands[0]));
        for (size_t k = 1; k < count; ++k)
            if (is_array(operands[k]) && first.meets(Extent(array_of(operands[k])))) return true;
        return false;
    }

    // apart: whether the row sees arrays of the operands' forms, of which no two share memory, in their place
    std::shared_ptr<const Plan> planned(PyObject* const* given, size_t count, bool apart) const {
        auto plan = std::make_shared<Plan>();
        Operands operands;
        for (size_t k = 0; k < count; ++k) {
            const nb::object operand = nb::borrow(given[k]);
            if (!is_array(given[k])) plan->held.push_back(operand);
            else plan->held.push_back(nb::borrow(reinterpret_cast<PyObject*>(PyArray_DESCR(array_of(given[k])))));
            operands.push_back(apart && is_array(given[k]) ? stand_in(array_of(given[k]), false) : operand);
        }
        nb::object native = asked(operands);
        if (native.is_none() && !overwrites_) {
            for (size_t k = 0; k < count; ++k) {
                if (!has_gaps(given[k])) continue;
                plan->packed.push_back(static_cast<int>(k));
                operands[k] = stand_in(array_of(given[k]), true);
            }
            if (!plan->packed.empty()) native = asked(operands);
        }
        if (!native.is_none()) follow(*plan, native, operands);
        return plan;
    }

    nb::object asked(const Operands& operands) const {
        std::vector<PyObject*> pointers;
        for (const nb::object& each : operands) pointers.push_back(each.ptr());
        return checked(PyObject_Vectorcall(row_.ptr(), pointers.data(), pointers.size(), nullptr));
    }

    static PyObject* run(const Plan& plan, PyObject* const* operands) {
        std::vector<Array> arrays(plan.arrays);
        Operands copies;
        std::vector<PyObject*> replaced;
        if (!plan.packed.empty()) {
            replaced.assign(operands, operands + plan.packed.back() + 1);
            for (const int k : plan.packed) {
                copies.push_back(checked(PyArray_NewCopy(array_of(operands[k]), NPY_CORDER)));
                replaced[static_cast<size_t>(k)] = copies.back().ptr();
            }
        }
        const size_t inputs = plan.inputs.size(), results = plan.dtypes.size();
        for (size_t k = 0; k < inputs; ++k) {
            const Plan::Place place = plan.inputs[k];
            const size_t at = static_cast<size_t>(place.operand);
            PyObject* of = place.operand < 0 ? nullptr : at < replaced.size() ? replaced[at] : operands[at];
            arrays[k].data = (of == nullptr ? nullptr : PyArray_BYTES(array_of(of))) + place.offset;
        }
        Operands made;
        for (size_t k = 0; k < results; ++k) {
            Array& array = arrays[inputs + k];
            auto* dtype = reinterpret_cast<PyArray_Descr*>(plan.dtypes[k].ptr());
            Py_INCREF(dtype);
            made.push_back(checked(PyArray_Empty(array.axes, array.shape, dtype, 0)));
            array.data = PyArray_DATA(array_of(made.back().ptr()));
        }
        compute(plan, arrays.data());
        if (results == 1) return made[0].release().ptr();
        if (results == 0) return nb::none().release().ptr();
        nb::object all = checked(PyTuple_New(static_cast<Py_ssize_t>(results)));
        for (size_t k = 0; k < results; ++k)
            PyTuple_SET_ITEM(all.ptr(), static_cast<Py_ssize_t>(k), made[k].release().ptr());
        return all.release().ptr();
    }

    static void compute(const Plan& plan, const Array* arrays) {
        const std::shared_ptr<Pool> pool = shared_pool();
        const Call call{arrays, arrays + plan.inputs.size(), plan.ints.data(), plan.reals.data(), *pool};
        if (plan.elements < WORTH_UNLOCKING) {
            FlushDenormals flush;
            plan.kernel(call);
            return;
        }
        nb::gil_scoped_release unlocked;
        FlushDenormals flush;
        plan.kernel(call);
    }

    nb::object row_, fallback_;
    bool overwrites_;
    std::unordered_map<std::string, std::shared_ptr<const Plan>> plans_;
};

// A callable of CPython's own protocol, which costs least to call.
struct Eager {
    PyObject_HEAD
    Rows* rows;
    vectorcallfunc call;
};

Eager* eager_of(PyObject* self) { return reinterpret_cast<Eager*>(self); }

PyObject* call(PyObject* self, PyObject* const* operands, size_t flags, PyObject* names) {
    if (names != nullptr && PyTuple_GET_SIZE(names) > 0) {
        PyErr_SetString(PyExc_TypeError, "a kernel takes its operands by their places");
        return nullptr;
    }
    try {
        return eager_of(self)->rows->call(operands, static_cast<size_t>(PyVectorcall_NARGS(flags)));
    } catch (nb::python_error& error) {
        error.restore();
    } catch (const nb::builtin_exception& error) {
        PyErr_SetString(error.type() == nb::exception_type::type_error ? PyExc_TypeError : PyExc_ValueError, error.what());
    } catch (const std::bad_alloc&) {
        PyErr_NoMemory();
    } catch (const Failure&) {
        raise_failure(std::current_exception());
    } catch (const std::exception& error) {  // behind this function there is only C, which none may pass
        PyErr_SetString(PyExc_RuntimeError, error.what());
    }
    return nullptr;
}

PyObject* make(PyTypeObject* type, PyObject* arguments, PyObject*) {
    PyObject *row, *fallback;
    int overwrites;
    if (!PyArg_ParseTuple(arguments, "OOp", &row, &fallback, &overwrites)) return nullptr;
    PyObject* self = type->tp_alloc(type, 0);
    if (self == nullptr) return nullptr;
    eager_of(self)->rows = new Rows(row, fallback, overwrites != 0);
    eager_of(self)->call = call;
    return self;
}

int traverse(PyObject* self, visitproc visit, void* arg) {
    Py_VISIT(Py_TYPE(self));
    return eager_of(self)->rows == nullptr ? 0 : eager_of(self)->rows->traverse(visit, arg);
}

int clear(PyObject* self) {
    delete std::exchange(eager_of(self)->rows, nullptr);
    return 0;
}

void drop(PyObject* self) {
    PyTypeObject* type = Py_TYPE(self);
    PyObject_GC_UnTrack(self);
    (void)clear(self);
    type->tp_free(self);
    Py_DECREF(type);
}

PyMemberDef members[] = {{"__vectorcalloffset__", T_PYSSIZET, offsetof(Eager, call), READONLY, nullptr},
                         {nullptr, 0, 0, 0, nullptr}};

PyType_Slot slots[] = {
    {Py_tp_new, reinterpret_cast<void*>(make)},
    {Py_tp_call, reinterpret_cast<void*>(PyVectorcall_Call)},
    {Py_tp_traverse, reinterpret_cast<void*>(traverse)},
    {Py_tp_clear, reinterpret_cast<void*>(clear)},
    {Py_tp_dealloc, reinterpret_cast<void*>(drop)},
    {Py_tp_members, members},
    {Py_tp_doc, const_cast<char*>("Eager(row, fallback, overwrites): the kernel of an op, native where its row says so. "
                                  "overwrites: whether it changes operands, which then aren't packed.")},
    {0, nullptr},
};

PyType_Spec spec = {"engine.backends.native._core.Eager", sizeof(Eager), 0,
                    Py_TPFLAGS_DEFAULT | Py_TPFLAGS_HAVE_GC | Py_TPFLAGS_HAVE_VECTORCALL, slots};

}  // namespace

void raise_failure(const std::exception_ptr& failure) {
    try {
        std::rethrow_exception(failure);
    } catch (const OutOfRange& error) {
        PyErr_SetString(PyExc_IndexError, error.what());
    } catch (const Failure& error) {
        PyErr_SetString(PyExc_ValueError, error.what());
    }
}

void define_eager(nb::module_& m) {
    if (_import_array() < 0) throw nb::python_error();
    m.attr("Eager") = checked(PyType_FromSpec(&spec));
}

}  // namespace kiln
