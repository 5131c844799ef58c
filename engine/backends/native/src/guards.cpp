// Whether the objects that a captured step can reach are still the ones that they were, one pointer each.
#include "guards.h"

#include <utility>
#include <vector>

namespace nb = nanobind;

namespace kiln {
namespace {

// A container and what it held: a dict's values and keys but for some keys, a list's items, a cell's content, a
// dict's value of one key, or two attributes of an object.
class Guards {
  public:
    void add_values(const nb::dict& table, const nb::list& values, const nb::tuple& without) {
        Entry entry{VALUES, table, held(values), held(without), nb::none(), nb::none()};
        // after the values the keys, in the same order
        PyObject *key, *value;
        for (Py_ssize_t at = 0; PyDict_Next(table.ptr(), &at, &key, &value);)
            if (!among(key, entry.without)) entry.values.push_back(nb::borrow(key));
        entries_.push_back(std::move(entry));
    }
    void add_items(const nb::list& items, const nb::list& values) {
        entries_.push_back({ITEMS, items, held(values), {}, nb::none(), nb::none()});
    }
    void add_content(const nb::object& cell, const nb::object& value) {
        entries_.push_back({CONTENT, cell, {value}, {}, nb::none(), nb::none()});
    }
    void add_value(const nb::dict& table, const nb::object& key, const nb::object& value) {
        entries_.push_back({VALUE, table, {value}, {}, key, nb::none()});
    }
    void add_attributes(const nb::object& of, const nb::str& first, const nb::object& a, const nb::str& second,
                        const nb::object& b) {
        entries_.push_back({ATTRIBUTES, of, {a, b}, {}, first, second});
    }

    // The number of the first entry from `start` on that holds something else now; -1 where none does.
    int64_t changed(int64_t start) const {
        for (size_t k = static_cast<size_t>(start); k < entries_.size(); ++k)
            if (!same(entries_[k])) return static_cast<int64_t>(k);
        return -1;
    }

    int traverse(visitproc visit, void* arg) const {
        for (const Entry& entry : entries_) {
            Py_VISIT(entry.source.ptr());
            for (const nb::object& value : entry.values) Py_VISIT(value.ptr());
        }
        return 0;
    }
    void clear() { entries_.clear(); }

  private:
    enum Kind { VALUES, ITEMS, CONTENT, VALUE, ATTRIBUTES };
    struct Entry {
        Kind kind;
        nb::object source;
        std::vector<nb::object> values, without;
        nb::object first, second;
    };

    static std::vector<nb::object> held(const nb::handle& values) {
        std::vector<nb::object> found;
        for (const nb::handle value : values) found.push_back(nb::borrow(value));
        return found;
    }

    static bool among(PyObject* key, const std::vector<nb::object>& keys) {
        for (const nb::object& each : keys)
            if (each.ptr() == key || (PyUnicode_Check(key) && PyUnicode_Compare(each.ptr(), key) == 0)) return true;
        return false;
    }

    static bool has(const nb::object& of, const nb::object& name, const nb::object& value) {
        PyObject* now = PyObject_GetAttr(of.ptr(), name.ptr());
        if (now == nullptr) {
            PyErr_Clear();
            return false;
        }
        const bool is = now == value.ptr();
        Py_DECREF(now);
        return is;
    }

    static bool same(const Entry& entry) {
        PyObject* const source = entry.source.ptr();
        switch (entry.kind) {
            case VALUES: {
                PyObject *key, *value;
                Py_ssize_t at = 0;
                const size_t count = entry.values.size() / 2;
                size_t k = 0;
                while (PyDict_Next(source, &at, &key, &value)) {
                    if (!entry.without.empty() && among(key, entry.without)) continue;
                    if (k == count || entry.values[k].ptr() != value || entry.values[count + k].ptr() != key)
                        return false;
                    ++k;
                }
                return k == count;
            }
            case ITEMS: {
                if (PyList_GET_SIZE(source) != static_cast<Py_ssize_t>(entry.values.size())) return false;
                for (size_t k = 0; k < entry.values.size(); ++k)
                    if (PyList_GET_ITEM(source, static_cast<Py_ssize_t>(k)) != entry.values[k].ptr()) return false;
                return true;
            }
            case CONTENT: {
                PyObject* now = PyCell_Get(source);
                Py_XDECREF(now);
                return now == entry.values[0].ptr();
            }
            case VALUE: return PyDict_GetItem(source, entry.first.ptr()) == entry.values[0].ptr();
            case ATTRIBUTES:
                return has(entry.source, entry.first, entry.values[0]) && has(entry.source, entry.second, entry.values[1]);
        }
        return false;
    }

    std::vector<Entry> entries_;
};

int traverse(PyObject* self, visitproc visit, void* arg) {
#if PY_VERSION_HEX >= 0x03090000
    Py_VISIT(Py_TYPE(self));
#endif
    return nb::inst_ready(self) ? nb::inst_ptr<Guards>(self)->traverse(visit, arg) : 0;
}

int clear(PyObject* self) {
    nb::inst_ptr<Guards>(self)->clear();
    return 0;
}

PyType_Slot slots[] = {{Py_tp_traverse, reinterpret_cast<void*>(traverse)},
                       {Py_tp_clear, reinterpret_cast<void*>(clear)},
                       {0, nullptr}};

}  // namespace

void define_guards(nb::module_& m) {
    nb::class_<Guards>(m, "Guards", nb::type_slots(slots), "Objects that were held by others, compared by identity.")
        .def(nb::init<>())
        .def("add_values", &Guards::add_values, nb::arg("table"), nb::arg("values"), nb::arg("without"),
             "A dict's values and the keys that it has, but for some keys.")
        .def("add_items", &Guards::add_items, nb::arg("items"), nb::arg("values"), "A list's items.")
        .def("add_content", &Guards::add_content, nb::arg("cell"), nb::arg("value").none(), "A cell's content.")
        .def("add_value", &Guards::add_value, nb::arg("table"), nb::arg("key"), nb::arg("value").none(),
             "A dict's value of one key.")
        .def("add_attributes", &Guards::add_attributes, nb::arg("of"), nb::arg("first"), nb::arg("a").none(),
             nb::arg("second"), nb::arg("b").none(), "Two attributes of an object.")
        .def("changed", &Guards::changed, nb::arg("start"),
             "The number of the first entry from `start` on that isn't what it was; -1 if all are.");
}

}  // namespace kiln
