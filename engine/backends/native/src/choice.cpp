// A callable of CPython's own protocol, since every op of an eager step passes through one: a function in Python
// that only looked at a size would cost a quarter of what a small op takes.
#include "choice.h"

#include <structmember.h>

#include <cstddef>

namespace nb = nanobind;

namespace kiln {
namespace {

thread_local bool everywhere = false;

struct Choice {
    PyObject_HEAD
    PyObject *large, *small;
    Py_ssize_t least;
    vectorcallfunc call;
};

PyObject* size_name = nullptr;

PyObject* choose(PyObject* self, PyObject* const* operands, size_t flags, PyObject* names) {
    const Choice* choice = reinterpret_cast<Choice*>(self);
    PyObject* kernel = choice->large;
    if (!everywhere && PyVectorcall_NARGS(flags) > 0) {
        PyObject* size = PyObject_GetAttr(operands[0], size_name);
        if (size == nullptr) return nullptr;
        const Py_ssize_t count = PyLong_AsSsize_t(size);
        Py_DECREF(size);
        if (count == -1 && PyErr_Occurred() != nullptr) return nullptr;
        if (count < choice->least) kernel = choice->small;
    }
    return PyObject_Vectorcall(kernel, operands, flags & ~PY_VECTORCALL_ARGUMENTS_OFFSET, names);
}

PyObject* make(PyTypeObject* type, PyObject* arguments, PyObject*) {
    PyObject *large, *small;
    Py_ssize_t least;
    if (!PyArg_ParseTuple(arguments, "OOn", &large, &small, &least)) return nullptr;
    Choice* choice = reinterpret_cast<Choice*>(type->tp_alloc(type, 0));
    if (choice == nullptr) return nullptr;
    Py_INCREF(large);
    Py_INCREF(small);
    choice->large = large;
    choice->small = small;
    choice->least = least;
    choice->call = choose;
    return reinterpret_cast<PyObject*>(choice);
}

int traverse(PyObject* self, visitproc visit, void* arg) {
    Py_VISIT(Py_TYPE(self));
    Py_VISIT(reinterpret_cast<Choice*>(self)->large);
    Py_VISIT(reinterpret_cast<Choice*>(self)->small);
    return 0;
}

int clear(PyObject* self) {
    Py_CLEAR(reinterpret_cast<Choice*>(self)->large);
    Py_CLEAR(reinterpret_cast<Choice*>(self)->small);
    return 0;
}

void drop(PyObject* self) {
    PyTypeObject* type = Py_TYPE(self);
    PyObject_GC_UnTrack(self);
    (void)clear(self);
    type->tp_free(self);
    Py_DECREF(type);
}

PyMemberDef members[] = {{"__vectorcalloffset__", T_PYSSIZET, offsetof(Choice, call), READONLY, nullptr},
                         {nullptr, 0, 0, 0, nullptr}};

PyType_Slot slots[] = {
    {Py_tp_new, reinterpret_cast<void*>(make)},
    {Py_tp_call, reinterpret_cast<void*>(PyVectorcall_Call)},
    {Py_tp_traverse, reinterpret_cast<void*>(traverse)},
    {Py_tp_clear, reinterpret_cast<void*>(clear)},
    {Py_tp_dealloc, reinterpret_cast<void*>(drop)},
    {Py_tp_members, members},
    {Py_tp_doc, const_cast<char*>("Choice(large, small, least): calls `small` for first operands of fewer elements "
                                  "than `least`, else `large`.")},
    {0, nullptr},
};

PyType_Spec spec = {"engine.backends.native._core.Choice", sizeof(Choice), 0,
                    Py_TPFLAGS_DEFAULT | Py_TPFLAGS_HAVE_GC | Py_TPFLAGS_HAVE_VECTORCALL, slots};

}  // namespace

void define_choice(nb::module_& m) {
    size_name = PyUnicode_InternFromString("size");
    m.attr("Choice") = nb::steal(PyType_FromSpec(&spec));
    m.def(
        "set_everywhere", [](bool now) {
            const bool before = everywhere;
            everywhere = now;
            return before;
        },
        nb::arg("now"), "Whether this thread's choices all take `large`; returns whether they did before.");
}

}  // namespace kiln
