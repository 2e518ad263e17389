// The addon that brings Hourglass's own kernels into XLA, as custom calls of XLA's FFI. It is compiled once for each kind of
// vectors, and `native-kernels.ts` loads the one that fits the processor.
#include <node_api.h>

#include <mutex>
#include <type_traits>

#include "executor.h"
#include "xla/ffi/api/ffi.h"

namespace xla::ffi {
// TensorFlow's library has it; its headers declare it deep inside XLA.
const XLA_FFI_Api* GetXlaFfiApi();
}  // namespace xla::ffi

namespace hourglass {

namespace ffi = xla::ffi;

using Floats = ffi::Buffer<ffi::F32>;
using Integers = ffi::Span<const int64_t>;

class XlaThreadPool : public ThreadPool {
 public:
  explicit XlaThreadPool(ffi::ThreadPool& threads) : threads_(threads) {}

  int count() const override { return static_cast<int>(threads_.num_threads()) - 1; }
  void schedule(std::function<void()> task) override { threads_.Schedule(std::move(task)); }

 private:
  ffi::ThreadPool& threads_;
};

// The words of a task, and the task that was last made of them: a loop passes the same buffers in every turn.
struct TaskState {
  static ffi::TypeId id;
  size_t kernel;
  std::vector<int32_t> words;
  std::vector<Buffer> buffers;
  TaskPointer task;
  std::mutex mutex;
};

ffi::TypeId TaskState::id = {};

static ffi::ErrorOr<std::unique_ptr<TaskState>> readTask(int64_t kernel, Integers words) {
  if (kernel < 0 || kernel >= static_cast<int64_t>(std::size(kTasks))) {
    return ffi::Unexpected(ffi::Error::InvalidArgument("a task of no kernel"));
  }
  auto state = std::make_unique<TaskState>();
  state->kernel = static_cast<size_t>(kernel);
  state->words.assign(words.begin(), words.end());
  return state;
}

XLA_FFI_DEFINE_HANDLER(kReadTask, readTask,
                       ffi::Ffi::BindInstantiate().Attr<int64_t>("kernel").Attr<Integers>("words"));

// A task of the executor (`executor.h`), as `lowering/` writes it. Its buffers are the arguments, then the results.
static ffi::Error runTask(ffi::ThreadPool threads, TaskState* state, ffi::RemainingArgs arguments, ffi::RemainingRets results) {
  std::vector<Buffer> buffers;
  for (size_t index = 0; index < arguments.size(); ++index) {
    const auto given = arguments.get<ffi::AnyBuffer>(index);
    if (!given.has_value()) return given.error();
    buffers.push_back({reinterpret_cast<size_t>(given->untyped_data()), given->size_bytes()});
  }
  for (size_t index = 0; index < results.size(); ++index) {
    auto given = results.get<ffi::AnyBuffer>(index);
    if (!given.has_value()) return given.error();
    buffers.push_back({reinterpret_cast<size_t>(given.value()->untyped_data()), given.value()->size_bytes()});
  }
  const std::lock_guard lock(state->mutex);
  if (state->task == nullptr || buffers != state->buffers) {
    WordReader words(state->words.data(), state->words.size());
    words.setBuffers(buffers);
    TaskPointer task = kTasks[state->kernel](words);
    if (!words.ok() || !words.isAtEnd()) return ffi::Error::InvalidArgument("a task that makes no sense");
    state->task = std::move(task);
    state->buffers = std::move(buffers);
  }
  XlaThreadPool pool(threads);
  state->task->run(pool);
  return ffi::Error::Success();
}

XLA_FFI_DEFINE_HANDLER(
    kRunTask, runTask,
    ffi::Ffi::Bind().Ctx<ffi::ThreadPool>().Ctx<ffi::State<TaskState>>().RemainingArgs().RemainingRets());

// Arguments: data [samples, ...], bytes or floats, and the numbers of rows.
static ffi::Error rows(ffi::ThreadPool threads, ffi::AnyBuffer data, ffi::Buffer<ffi::S32> numbers, ffi::Result<Floats> result,
                       float scale, float offset) {
  const int count = static_cast<int>(numbers.element_count());
  if (data.dimensions().size() < 1 || count == 0) return ffi::Error::InvalidArgument("no rows to be gathered");
  const int64_t all = data.dimensions()[0], size = static_cast<int64_t>(result->element_count()) / count;
  XlaThreadPool pool(threads);
  const auto gather = [&](auto* values) {
    gatherRows(values, all, size, numbers.typed_data(), count, {scale, offset}, result->typed_data(), pool);
    return ffi::Error::Success();
  };
  if (data.element_type() == ffi::U8) return gather(data.typed_data<uint8_t>());
  if (data.element_type() == ffi::F32) return gather(data.typed_data<float>());
  return ffi::Error::InvalidArgument("data that are neither bytes nor floats");
}

XLA_FFI_DEFINE_HANDLER(kRows, rows,
                       ffi::Ffi::Bind()
                           .Ctx<ffi::ThreadPool>()
                           .Arg<ffi::AnyBuffer>()
                           .Arg<ffi::Buffer<ffi::S32>>()
                           .Ret<Floats>()
                           .Attr<float>("scale")
                           .Attr<float>("offset"));

// A plan, which XLA keeps after the first run.
struct PlanState : UpdatePlan {
  static ffi::TypeId id;
};

ffi::TypeId PlanState::id = {};

static ffi::ErrorOr<std::unique_ptr<PlanState>> readPlan(Integers plan) {
  auto state = std::make_unique<PlanState>();
  UpdateReader reader(plan.begin(), plan.end());
  while (reader.ok() && !reader.isAtEnd()) state->add(reader.read());
  if (!reader.ok()) return ffi::Unexpected(ffi::Error::InvalidArgument("a plan of updates that makes no sense"));
  return state;
}

XLA_FFI_DEFINE_HANDLER(kReadPlan, readPlan, ffi::Ffi::BindInstantiate().Attr<Integers>("plan"));

// The plan refers to the first operands; those after them only have to be computed before.
static ffi::Error update(ffi::ThreadPool threads, PlanState* plan, ffi::RemainingArgs arguments, ffi::RemainingRets results) {
  std::vector<const float*> operands;
  std::vector<float*> targets;
  for (size_t index = 0; index < arguments.size(); ++index) {
    const auto given = arguments.get<Floats>(index);
    if (!given.has_value()) return given.error();
    operands.push_back(given->typed_data());
  }
  for (size_t index = 0; index < results.size(); ++index) {
    auto given = results.get<Floats>(index);
    if (!given.has_value()) return given.error();
    targets.push_back(given.value()->typed_data());
  }
  XlaThreadPool pool(threads);
  runUpdates(*plan, operands.data(), targets.data(), pool);
  return ffi::Error::Success();
}

XLA_FFI_DEFINE_HANDLER(
    kUpdate, update,
    ffi::Ffi::Bind().Ctx<ffi::ThreadPool>().Ctx<ffi::State<PlanState>>().RemainingArgs().RemainingRets());

static bool registerHandlers() {
  const XLA_FFI_Api* api = ffi::GetXlaFfiApi();
  const auto add = [api](const char* name, XLA_FFI_Handler* handler, XLA_FFI_Handler* instantiate = nullptr) {
    const XLA_FFI_Handler_Bundle bundle{instantiate, nullptr, nullptr, handler};
    return ffi::Ffi::RegisterStaticHandler(api, name, "Host", bundle) == nullptr;
  };
  const XLA_FFI_TypeInfo planType = ffi::MakeTypeInfo<PlanState>();
  if (ffi::Ffi::RegisterTypeId(api, "hourglass_plan", &PlanState::id, planType) != nullptr) return false;
  const XLA_FFI_TypeInfo taskType = ffi::MakeTypeInfo<TaskState>();
  if (ffi::Ffi::RegisterTypeId(api, "hourglass_task", &TaskState::id, taskType) != nullptr) return false;
  return add("hourglass_task", kRunTask, kReadTask) && add("hourglass_update", kUpdate, kReadPlan) &&
         add("hourglass_rows", kRows);
}

// The precompiled programs: their numbers of inputs, results and temporaries, then codes and operands.
static napi_value exportPrograms(napi_env env) {
  napi_value programs;
  if (napi_create_array(env, &programs) != napi_ok) return nullptr;
  uint32_t count = 0;
  FusedPrograms::forAll([&](const auto& known) {
    std::vector<int64_t> numbers{known.inputs, known.results, known.temporaries};
    for (const auto& [operation, operand] : known.instructions) {
      numbers.insert(numbers.end(), {static_cast<int64_t>(operation), operand});
    }
    napi_value program, number;
    if (napi_create_array(env, &program) != napi_ok) return;
    for (size_t at = 0; at < numbers.size(); ++at) {
      if (napi_create_int64(env, numbers[at], &number) == napi_ok) napi_set_element(env, program, at, number);
    }
    napi_set_element(env, programs, count++, program);
  });
  return programs;
}

}  // namespace hourglass

// The bytes that the kernels hold for themselves, in all threads.
static napi_value memoryHeld(napi_env env, napi_callback_info) {
  napi_value bytes = nullptr;
  napi_create_int64(env, static_cast<int64_t>(hourglass::heldBytes.load()), &bytes);
  return bytes;
}

// Exports `programs`, see `exportPrograms`, and `memoryHeld`.
NAPI_MODULE_INIT() {
  static const bool registered = hourglass::registerHandlers();
  if (!registered) {
    napi_throw_error(env, nullptr, "XLA does not take Hourglass's kernels");
    return exports;
  }
  if (const napi_value programs = hourglass::exportPrograms(env); programs != nullptr) {
    napi_set_named_property(env, exports, "programs", programs);
  }
  napi_value held;
  if (napi_create_function(env, "memoryHeld", NAPI_AUTO_LENGTH, memoryHeld, nullptr, &held) == napi_ok) {
    napi_set_named_property(env, exports, "memoryHeld", held);
  }
  return exports;
}
