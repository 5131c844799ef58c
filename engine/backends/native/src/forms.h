// The operands of a call as whole numbers: two calls that have the same ones are made in the same way.
#pragma once
#include <cstdint>
#include <cstring>
#include <string>

#include "arrays.h"

namespace kiln {

// Of arrays what a row may look at, of all else the value. Objects whose address stands for them are to be held by
// whoever keeps the form.
class Form {
  public:
    // Whether the operand could be written down.
    bool add(PyObject* x) {
        if (PyArray_CheckExact(x)) return add_array(reinterpret_cast<PyArrayObject*>(x));
        if (PyTuple_CheckExact(x)) {
            const Py_ssize_t count = PyTuple_GET_SIZE(x);
            bool fits = put(TUPLE, static_cast<uint64_t>(count));
            for (Py_ssize_t k = 0; fits && k < count; ++k) fits = add(PyTuple_GET_ITEM(x, k));
            return fits;
        }
        if (PyLong_CheckExact(x)) {
            int overflow = 0;
            const long long value = PyLong_AsLongLongAndOverflow(x, &overflow);
            return overflow == 0 && put(WHOLE, static_cast<uint64_t>(value));
        }
        if (PyFloat_CheckExact(x)) {
            const double value = PyFloat_AS_DOUBLE(x);
            uint64_t bits;
            std::memcpy(&bits, &value, sizeof bits);
            return put(REAL, bits);
        }
        if (PyUnicode_CheckExact(x)) return add_text(x);
        if (PySlice_Check(x)) {
            const PySliceObject* slice = reinterpret_cast<PySliceObject*>(x);
            return put(SLICE, 0) && add(slice->start) && add(slice->stop) && add(slice->step);
        }
        // None, True, dtypes: what is equal to nothing but itself
        const bool by_identity = x == Py_None || PyBool_Check(x) || x == Py_Ellipsis ||
                                 Py_TYPE(x)->tp_hash == PyBaseObject_Type.tp_hash;
        return by_identity && put(OBJECT, reinterpret_cast<uint64_t>(x));
    }

    void write_to(std::string& key) const { key.assign(reinterpret_cast<const char*>(words_), count_ * sizeof *words_); }

  private:
    enum Tag : uint64_t { ARRAY, TUPLE, WHOLE, REAL, TEXT, SLICE, OBJECT };
    static constexpr size_t MOST = 512;

    bool put(uint64_t tag, uint64_t value) {
        if (count_ + 2 > MOST) return false;
        words_[count_++] = tag;
        words_[count_++] = value;
        return true;
    }

    bool add_array(PyArrayObject* x) {
        const int axes = PyArray_NDIM(x);
        if (count_ + 2 + 2 * static_cast<size_t>(axes) > MOST) return false;
        const uint64_t writeable = PyArray_ISWRITEABLE(x) ? 1 : 0;
        words_[count_++] = ARRAY | (writeable << 8) | (static_cast<uint64_t>(axes) << 16);
        words_[count_++] = reinterpret_cast<uint64_t>(PyArray_DESCR(x));
        for (int axis = 0; axis < axes; ++axis) words_[count_++] = static_cast<uint64_t>(PyArray_DIM(x, axis));
        for (int axis = 0; axis < axes; ++axis) words_[count_++] = static_cast<uint64_t>(PyArray_STRIDE(x, axis));
        return true;
    }

    bool add_text(PyObject* x) {
        Py_ssize_t length = 0;
        const char* text = PyUnicode_AsUTF8AndSize(x, &length);
        const size_t words = (static_cast<size_t>(length) + sizeof *words_ - 1) / sizeof *words_;
        if (text == nullptr) PyErr_Clear();
        if (text == nullptr || !put(TEXT, static_cast<uint64_t>(length)) || count_ + words > MOST) return false;
        if (words > 0) words_[count_ + words - 1] = 0;
        std::memcpy(words_ + count_, text, static_cast<size_t>(length));
        count_ += words;
        return true;
    }

    size_t count_ = 0;
    uint64_t words_[MOST];
};

}  // namespace kiln
