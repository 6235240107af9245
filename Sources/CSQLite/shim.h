#include <sqlite3.h>
#include <linux/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

/// When the file system made a file, in nanoseconds since 1970; 0 when it does not say. Swift's Glibc has no statx.
static inline long long file_birth_time(const char *path) {
  struct statx status;
  long code = syscall(SYS_statx, -100 /* AT_FDCWD */, path, 0, STATX_BTIME, &status);
  if (code != 0 || !(status.stx_mask & STATX_BTIME)) return 0;
  return status.stx_btime.tv_sec * 1000000000LL + status.stx_btime.tv_nsec;
}

/// Renames a file, never in the place of another: 0, or -1 and errno. Swift's Glibc has no renameat2.
static inline int rename_exclusively(const char *from, const char *to) {
  return (int)syscall(SYS_renameat2, -100 /* AT_FDCWD */, from, -100, to, 1U /* RENAME_NOREPLACE */);
}
