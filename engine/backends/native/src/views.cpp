#include "views.h"

#include <vector>

#include "arrays.h"

namespace nb = nanobind;

namespace kiln {
namespace {

// The array in a larger shape: axes of size 1, and new ones in front, are repeated by strides of 0. It can't be
// written to, since elements share their memory.
nb::object expand(const nb::handle& array, const nb::tuple& shape) {
    PyArrayObject* x = reinterpret_cast<PyArrayObject*>(array.ptr());
    const int axes = static_cast<int>(shape.size()), lead = PyArray_Check(array.ptr()) ? axes - PyArray_NDIM(x) : -1;
    if (lead < 0 || axes > NPY_MAXDIMS) throw nb::value_error("an array can't be expanded to fewer axes");
    npy_intp sizes[NPY_MAXDIMS], strides[NPY_MAXDIMS];
    for (int axis = 0; axis < axes; ++axis) {
        sizes[axis] = PyLong_AsSsize_t(shape[static_cast<size_t>(axis)].ptr());
        if (sizes[axis] == -1 && PyErr_Occurred() != nullptr) throw nb::python_error();
        if (sizes[axis] < 0) throw nb::value_error("no size may be negative");
        const npy_intp own = axis < lead ? 1 : PyArray_DIM(x, axis - lead);
        if (own != 1 && own != sizes[axis]) throw nb::value_error("only axes of size 1 can be expanded");
        strides[axis] = own == 1 && sizes[axis] != 1 ? 0 : axis < lead ? PyArray_ITEMSIZE(x) : PyArray_STRIDE(x, axis - lead);
    }
    PyArray_Descr* dtype = PyArray_DESCR(x);
    Py_INCREF(dtype);
    PyObject* made = PyArray_NewFromDescr(&PyArray_Type, dtype, axes, sizes, strides, PyArray_DATA(x), 0, nullptr);
    if (made == nullptr) throw nb::python_error();
    nb::object view = nb::steal(made);
    Py_INCREF(array.ptr());
    if (PyArray_SetBaseObject(reinterpret_cast<PyArrayObject*>(made), array.ptr()) != 0) throw nb::python_error();
    return view;
}

}  // namespace

void define_views(nb::module_& m) {
    m.def("expand", &expand, "A larger shape for an array, without a copy: expand(array, shape).");
}

}  // namespace kiln
