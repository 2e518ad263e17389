// The module for WebAssembly: the functions that JavaScript calls.
#include "allocator.h"
#include "executor.h"
#include "workers.h"

#define EXPORT(name) extern "C" __attribute__((export_name(#name)))

// Functions that compiled code calls, and that a C library would have.

void* operator new(size_t size) {
  void* const memory = hourglass::allocator.allocate(size);
  if (memory == nullptr) __builtin_trap();
  return memory;
}
void* operator new[](size_t size) { return operator new(size); }
void* operator new(size_t size, std::align_val_t) { return operator new(size); }
void* operator new[](size_t size, std::align_val_t) { return operator new(size); }
void* operator new(size_t size, const std::nothrow_t&) noexcept { return hourglass::allocator.allocate(size); }
void* operator new(size_t size, std::align_val_t, const std::nothrow_t&) noexcept { return hourglass::allocator.allocate(size); }
void operator delete(void* memory) noexcept { hourglass::allocator.free(memory); }
void operator delete[](void* memory) noexcept { hourglass::allocator.free(memory); }
void operator delete(void* memory, size_t) noexcept { hourglass::allocator.free(memory); }
void operator delete[](void* memory, size_t) noexcept { hourglass::allocator.free(memory); }
void operator delete(void* memory, std::align_val_t) noexcept { hourglass::allocator.free(memory); }
void operator delete[](void* memory, std::align_val_t) noexcept { hourglass::allocator.free(memory); }

namespace std {
const nothrow_t nothrow{};
inline namespace __1 {
[[noreturn]] void __libcpp_verbose_abort(const char*, ...) noexcept { __builtin_trap(); }
}  // namespace __1
}  // namespace std

extern "C" {
void abort() { __builtin_trap(); }
// Nothing is destroyed at the end: the memory is freed as a whole.
int __cxa_atexit(void (*)(void*), void*, void*) { return 0; }
int __cxa_thread_atexit(void (*)(void*), void*, void*) { return 0; }
void __cxa_pure_virtual() { __builtin_trap(); }
void* __dso_handle = nullptr;
}

namespace hourglass {

// Memory for a caller, or 0.
EXPORT(allocate) void* allocateMemory(size_t size) { return allocator.allocate(size); }
EXPORT(release) void releaseMemory(void* memory) { allocator.free(memory); }

// Bytes that are in use, and bytes of refused requests.
EXPORT(heldBytes) size_t heldMemory() { return allocator.held(); }
EXPORT(refusedBytes) size_t refusedMemory() { return allocator.refused(); }

// Reads a program of this many words; null if it is refused.
EXPORT(load) LoadedProgram* loadProgram(const int32_t* words, size_t count) {
  WordReader reader(words, count);
  auto program = std::make_unique<LoadedProgram>(reader);
  return reader.ok() ? program.release() : nullptr;
}
EXPORT(unload) void unloadProgram(LoadedProgram* program) { delete program; }
EXPORT(run) void runProgram(const LoadedProgram* program, const Call* call) { program->run(*call, workers); }
// One instruction alone, for tests.
EXPORT(runTask) void runTask(const LoadedProgram* program, size_t index) { program->runTask(index, workers); }

EXPORT(mayWait) void setMayWait() { workers.mayWait = true; }
EXPORT(serve) void serve() { workers.serve(); }
EXPORT(serving) int serving() { return workers.count(); }
EXPORT(close) void closeWorkers() { workers.close(); }
EXPORT(fail) void failWorker() { workers.fail(); }

}  // namespace hourglass
