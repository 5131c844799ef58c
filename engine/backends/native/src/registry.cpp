#include "registry.h"

#include <map>

#include "levels.h"

namespace kiln {
namespace {

std::map<std::string, std::map<std::string, Kernel>>& levels() {
    static std::map<std::string, std::map<std::string, Kernel>> found;
    return found;
}

std::string best_level() {
#if defined(__x86_64__)
    __builtin_cpu_init();
    if (levels().count("x86_64_v4") && __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
        __builtin_cpu_supports("avx512cd") && __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512vl"))
        return "x86_64_v4";
    if (levels().count("x86_64_v3") && __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma") &&
        __builtin_cpu_supports("bmi2"))
        return "x86_64_v3";
    if (levels().count("x86_64_v2") && __builtin_cpu_supports("sse4.2") && __builtin_cpu_supports("popcnt"))
        return "x86_64_v2";
    return "";
#else
    return "generic";
#endif
}

}  // namespace

Registration::Registration(const char* level, const char* name, Kernel kernel) { levels()[level][name] = kernel; }

const std::string& processor_level() {
    static const std::string level = best_level();
    return level;
}

Kernel find_kernel(const std::string& name) {
    const auto& table = levels()[processor_level()];
    const auto found = table.find(name);
    return found == table.end() ? nullptr : found->second;
}

std::vector<std::string> kernel_names() {
    std::vector<std::string> names;
    for (const auto& entry : levels()[processor_level()]) names.push_back(entry.first);
    return names;
}

}  // namespace kiln
