// Loads TensorFlow's framework library without the two lines that it always prints while it starts.
//
// Its static initialisers log "oneDNN custom operations are on" (and before that, absl's warning
// about early messages) before any setting can reach the logger. So standard error goes to memory
// while the library is loaded; afterwards every line but those two is written out, also when the
// library aborts or crashes. Everything logged later obeys TF_CPP_MIN_LOG_LEVEL.
//
// int corelens_load_quietly(const char *path): 0 when loaded, 1 when not (loading it again the
// usual way then gives the reason).

#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include <dlfcn.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

namespace {

constexpr int kSignals[] = {SIGABRT, SIGSEGV, SIGBUS, SIGILL, SIGFPE};
constexpr int kSignalCount = sizeof(kSignals) / sizeof(kSignals[0]);
constexpr size_t kMaxText = 1 << 16;

int real_stderr = -1;
int captured = -1;
struct sigaction previous[kSignalCount];
char text[kMaxText];

bool IsNoise(const char *line, size_t length) {
  static const char *const kNoise[] = {
      "All log messages before absl::InitializeLog() is called are written to STDERR",
      "oneDNN custom operations are on.",
  };
  for (const char *noise : kNoise) {
    if (memmem(line, length, noise, strlen(noise)) != nullptr) return true;
  }
  return false;
}

void WriteAll(const char *data, size_t length) {
  while (length > 0) {
    ssize_t written = write(STDERR_FILENO, data, length);
    if (written <= 0) return;
    data += written;
    length -= written;
  }
}

// Gives standard error back and passes on what was captured. Calls only what a signal handler may.
void RestoreStderr() {
  if (real_stderr < 0) return;
  dup2(real_stderr, STDERR_FILENO);
  close(real_stderr);
  real_stderr = -1;
  lseek(captured, 0, SEEK_SET);
  ssize_t length;
  while ((length = read(captured, text, kMaxText)) > 0) {
    for (ssize_t start = 0; start < length;) {
      const char *end = static_cast<const char *>(memchr(text + start, '\n', length - start));
      ssize_t next = end == nullptr ? length : end - text + 1;
      if (!IsNoise(text + start, next - start)) WriteAll(text + start, next - start);
      start = next;
    }
  }
  close(captured);
}

void OnFatalSignal(int signal_number) {
  RestoreStderr();
  for (int i = 0; i < kSignalCount; i++) sigaction(kSignals[i], &previous[i], nullptr);
  raise(signal_number);
}

}  // namespace

extern "C" __attribute__((visibility("default"))) int corelens_load_quietly(const char *path) {
  captured = memfd_create("corelens-stderr", MFD_CLOEXEC);
  if (captured < 0) return 1;
  real_stderr = dup(STDERR_FILENO);
  if (real_stderr < 0) {
    close(captured);
    return 1;
  }
  struct sigaction action = {};
  action.sa_handler = OnFatalSignal;
  for (int i = 0; i < kSignalCount; i++) sigaction(kSignals[i], &action, &previous[i]);
  dup2(captured, STDERR_FILENO);

  void *library = dlopen(path, RTLD_LAZY | RTLD_LOCAL);

  RestoreStderr();
  for (int i = 0; i < kSignalCount; i++) sigaction(kSignals[i], &previous[i], nullptr);
  return library == nullptr ? 1 : 0;
}
