// Records what a process does to the files under one folder, and makes single calls fail.
//
// Loaded with LD_PRELOAD, it replaces functions of the C library: each makes the system call,
// and appends to a log what the call changed, with the data. Records are in the order of the calls,
// because one lock is held around both. Linux only; recording.rs reads the log.
//
//   ARBOUR_FAULTS_ROOT    the folder; calls on other files are not recorded
//   ARBOUR_FAULTS_LOG     the log; several processes can append to it, one after the other
//   ARBOUR_FAULTS_NOTES   a file whose writes are recorded as notes: what the program acknowledged
//   ARBOUR_FAULTS_FAIL    "KIND NUMBER ERRNO DELAY": that call of the kind (the first is 0) fails
//                         with this errno, or transfers half of its bytes if ERRNO is 0; it takes
//                         this many milliseconds, and other threads make their calls meanwhile
//   ARBOUR_FAULTS_IGNORE  "all": syncing returns success and does nothing; "folders": the same for
//                         folders only
//
// Writes through shared memory maps cannot be seen; a writable map is recorded as such, and the
// reader refuses it unless it is known to be expendable. Functions that copy between files inside
// the kernel fail with ENOSYS here, so that their callers fall back to reading and writing.
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>

// What a record says; recording.rs has the same letters.
enum what {
  OPENED = 'O', CREATED = 'C', READ = 'R', WRITTEN = 'W', RESIZED = 'T', ALLOCATED = 'A',
  SYNCED = 'S', SYNC_FAILED = 'E', RANGE_SYNCED = 'P', RENAMED = 'N', LINKED = 'L',
  REMOVED = 'U', FOLDER_MADE = 'M', NOTE = 'K', MAPPED = 'X', INJECTED = '!',
};

// The kinds of calls that can be made to fail, in the order of `CallKind` in recording.rs.
enum kind { OPEN, READING, WRITING, SIZING, SYNCING, RENAMING, REMOVING, MAKING, KINDS };
static const char *const kind_names[KINDS] = {"open",   "read",   "write",  "resize",
                                              "sync",   "rename", "remove", "mkdir"};

// The header of a record; path, second path and data follow.
struct __attribute__((packed)) record {
  uint8_t what;
  uint64_t inode, first, second;
  uint32_t path_bytes, other_bytes, data_bytes;
};

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static int started, log_file = -1, ignores_all, ignores_folders;
static const char *root, *notes;
static int failing_kind = -1, failing_errno;
static long failing_number, failing_delay, calls[KINDS];
// Descriptors whose next sync reports the failure of another one's, of the same file.
#define DESCRIPTORS 1024
static char owes_failure[DESCRIPTORS];

static void start(void) {
  if (started) return;
  started = 1;
  root = getenv("ARBOUR_FAULTS_ROOT");
  notes = getenv("ARBOUR_FAULTS_NOTES");
  const char *path = getenv("ARBOUR_FAULTS_LOG");
  if (!root || !path) return;
  int fd = syscall(SYS_openat, AT_FDCWD, path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644);
  if (fd < 0) { perror("arbour-faults: cannot open the log"); _exit(120); }
  // A high number, so that the program's own files have the numbers they always have.
  log_file = fcntl(fd, F_DUPFD_CLOEXEC, 512);
  if (log_file < 0) log_file = fd; else syscall(SYS_close, fd);
  const char *ignored = getenv("ARBOUR_FAULTS_IGNORE");
  ignores_all = ignored && !strcmp(ignored, "all");
  ignores_folders = ignored && !strcmp(ignored, "folders");
  const char *fail = getenv("ARBOUR_FAULTS_FAIL");
  char name[16];
  if (fail && sscanf(fail, "%15s %ld %d %ld", name, &failing_number, &failing_errno,
                     &failing_delay) == 4)
    for (int kind = 0; kind < KINDS; kind++)
      if (!strcmp(name, kind_names[kind])) failing_kind = kind;
}

static void append(enum what what, uint64_t inode, uint64_t first, uint64_t second,
                   const char *path, const char *other, const void *data, size_t bytes) {
  struct record r = {what, inode, first, second, path ? strlen(path) : 0,
                     other ? strlen(other) : 0, bytes};
  struct iovec parts[] = {{&r, sizeof r},
                          {(void *)path, r.path_bytes},
                          {(void *)other, r.other_bytes},
                          {(void *)data, bytes}};
  ssize_t whole = sizeof r + r.path_bytes + r.other_bytes + bytes;
  // A recording with a gap would blame the engine for what the recorder lost.
  if (syscall(SYS_writev, log_file, parts, 4) != whole) {
    fputs("arbour-faults: the log cannot be written\n", stderr);
    _exit(120);
  }
}

static int is_ours(const char *path) {
  size_t length = strlen(root);
  return !strncmp(path, root, length) && (path[length] == '/' || !path[length]);
}

// Makes a path absolute. Returns whether it lies under the root.
static int resolve(int folder, const char *path, char *absolute) {
  start();
  if (log_file < 0 || !path) return 0;
  if (path[0] == '/') {
    snprintf(absolute, PATH_MAX, "%s", path);
  } else {
    char link[64], base[PATH_MAX];
    snprintf(link, sizeof link, folder == AT_FDCWD ? "/proc/self/cwd" : "/proc/self/fd/%d", folder);
    ssize_t n = readlink(link, base, sizeof base - 1);
    if (n <= 0) return 0;
    base[n] = 0;
    if (snprintf(absolute, PATH_MAX, "%s/%s", base, path) >= PATH_MAX) return 0;
  }
  return is_ours(absolute);
}

enum whose { OTHERS, OURS, NOTES };

// Tells whether the file of a descriptor is recorded, and returns its path and metadata.
static enum whose whose(int fd, char *path, struct stat *st) {
  start();
  if (log_file < 0 || fd < 0 || fd == log_file) return OTHERS;
  char link[64];
  snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
  ssize_t n = readlink(link, path, PATH_MAX - 1);
  if (n <= 0) return OTHERS;
  path[n] = 0;
  if (notes && !strcmp(path, notes)) return NOTES;
  return is_ours(path) && !syscall(SYS_fstat, fd, st) ? OURS : OTHERS;
}

static void enter(void) { pthread_mutex_lock(&lock); }

static void leave(void) {
  int kept = errno;
  pthread_mutex_unlock(&lock);
  errno = kept;
}

// Counts a call. Returns 0, or -1 with errno set if it has to fail; `bytes` is halved if it has to
// be short. The caller holds the lock, which is released during a delay.
static int injected(enum kind kind, const char *path, size_t *bytes) {
  if (calls[kind]++ != failing_number || (int)kind != failing_kind) return 0;
  if (!failing_errno && (!bytes || *bytes < 2)) return 0;
  if (failing_delay) {
    struct timespec delay = {failing_delay / 1000, failing_delay % 1000 * 1000000};
    pthread_mutex_unlock(&lock);
    nanosleep(&delay, NULL);
    pthread_mutex_lock(&lock);
  }
  append(INJECTED, 0, failing_errno, 0, path, kind_names[kind], NULL, 0);
  if (!failing_errno) { *bytes /= 2; return 0; }
  errno = failing_errno;
  return -1;
}

// Opening

static int open_at(int folder, const char *path, int flags, mode_t mode) {
  char full[PATH_MAX];
  if (!resolve(folder, path, full)) return syscall(SYS_openat, folder, path, flags, mode);
  enter();
  // Asked first, because it sets errno.
  int was_there = access(full, F_OK) == 0, fd = injected(OPEN, full, NULL);
  if (!fd) fd = syscall(SYS_openat, folder, path, flags, mode);
  // A file that is opened after a failure was reported does not report it again.
  if (fd >= 0 && fd < DESCRIPTORS) owes_failure[fd] = 0;
  struct stat st;
  if (fd >= 0 && !syscall(SYS_fstat, fd, &st))
    append(was_there ? OPENED : CREATED, st.st_ino,
           was_there && flags & O_TRUNC && flags & O_ACCMODE, 0, full, NULL, NULL, 0);
  leave();
  return fd;
}

#define MODE                                                                                       \
  mode_t mode = 0;                                                                                 \
  if (flags & (O_CREAT | O_TMPFILE)) {                                                             \
    va_list rest;                                                                                  \
    va_start(rest, flags);                                                                         \
    mode = va_arg(rest, int);                                                                      \
    va_end(rest);                                                                                  \
  }
int open(const char *path, int flags, ...) { MODE return open_at(AT_FDCWD, path, flags, mode); }
int open64(const char *path, int flags, ...) { MODE return open_at(AT_FDCWD, path, flags, mode); }
int openat(int at, const char *path, int flags, ...) { MODE return open_at(at, path, flags, mode); }
int openat64(int at, const char *path, int flags, ...) { MODE return open_at(at, path, flags, mode); }
int creat(const char *path, mode_t mode) {
  return open_at(AT_FDCWD, path, O_CREAT | O_WRONLY | O_TRUNC, mode);
}
int creat64(const char *path, mode_t mode) { return creat(path, mode); }

// Reading: nothing to record but the call, so that it can be counted and fail

static ssize_t read_at(int fd, void *to, size_t bytes, off_t at) {
  char path[PATH_MAX];
  struct stat st;
  int ours = whose(fd, path, &st) == OURS && S_ISREG(st.st_mode);
  ssize_t done = 0;
  if (ours) {
    enter();
    done = injected(READING, path, &bytes);
    if (!done) append(READ, st.st_ino, 0, 0, NULL, NULL, NULL, 0);
    leave();
  }
  if (done) return done;
  return at < 0 ? syscall(SYS_read, fd, to, bytes) : syscall(SYS_pread64, fd, to, bytes, at);
}

ssize_t read(int fd, void *to, size_t bytes) { return read_at(fd, to, bytes, -1); }
ssize_t pread64(int fd, void *to, size_t bytes, off64_t at) { return read_at(fd, to, bytes, at); }
ssize_t pread(int fd, void *to, size_t bytes, off_t at) { return read_at(fd, to, bytes, at); }

// Writing

// Writes at an offset, or at the current position if the offset is negative.
static ssize_t write_at(int fd, const void *data, size_t bytes, off_t at) {
  char path[PATH_MAX];
  struct stat st;
  enum whose file = whose(fd, path, &st);
  ssize_t done;
  if (file != OTHERS) enter();
  if (file == OURS && injected(WRITING, path, &bytes)) { leave(); return -1; }
  off_t place = at;
  if (file == OURS && at < 0) {
    place = lseek(fd, 0, SEEK_CUR);
    if (fcntl(fd, F_GETFL) & O_APPEND && !syscall(SYS_fstat, fd, &st)) place = st.st_size;
  }
  done = at < 0 ? syscall(SYS_write, fd, data, bytes) : syscall(SYS_pwrite64, fd, data, bytes, at);
  if (done > 0 && file == OURS) append(WRITTEN, st.st_ino, place, 0, path, NULL, data, done);
  if (done > 0 && file == NOTES) append(NOTE, 0, 0, 0, NULL, NULL, data, done);
  if (file != OTHERS) leave();
  return done;
}

// Several buffers are written one after the other; a short write ends the call, as it may.
static ssize_t write_parts(int fd, const struct iovec *parts, int count, off_t at) {
  char path[PATH_MAX];
  struct stat st;
  if (whose(fd, path, &st) == OTHERS)
    return at < 0 ? syscall(SYS_writev, fd, parts, count)
                  : syscall(SYS_pwritev, fd, parts, count, (long)at, (long)(at >> 32));
  ssize_t sum = 0;
  for (int i = 0; i < count; i++) {
    ssize_t done = write_at(fd, parts[i].iov_base, parts[i].iov_len, at < 0 ? -1 : at + sum);
    if (done < 0) return sum ? sum : -1;
    sum += done;
    if ((size_t)done < parts[i].iov_len) break;
  }
  return sum;
}

ssize_t write(int fd, const void *data, size_t bytes) { return write_at(fd, data, bytes, -1); }
ssize_t pwrite64(int fd, const void *data, size_t bytes, off64_t at) { return write_at(fd, data, bytes, at); }
ssize_t pwrite(int fd, const void *data, size_t bytes, off_t at) { return write_at(fd, data, bytes, at); }
ssize_t writev(int fd, const struct iovec *parts, int count) { return write_parts(fd, parts, count, -1); }
ssize_t pwritev(int fd, const struct iovec *parts, int count, off_t at) { return write_parts(fd, parts, count, at); }
ssize_t pwritev64(int fd, const struct iovec *parts, int count, off64_t at) { return write_parts(fd, parts, count, at); }

// Copies inside the kernel would be invisible.
static ssize_t refuse_copy(void) { errno = ENOSYS; return -1; }
ssize_t copy_file_range(int from, off64_t *a, int to, off64_t *b, size_t bytes, unsigned flags) {
  char path[PATH_MAX];
  struct stat st;
  if (whose(to, path, &st) == OURS) return refuse_copy();
  return syscall(SYS_copy_file_range, from, a, to, b, bytes, flags);
}
ssize_t sendfile64(int to, int from, off64_t *at, size_t bytes) {
  char path[PATH_MAX];
  struct stat st;
  if (whose(to, path, &st) == OURS) return refuse_copy();
  return syscall(SYS_sendfile, to, from, at, bytes);
}
ssize_t sendfile(int to, int from, off_t *at, size_t bytes) { return sendfile64(to, from, at, bytes); }

void *mmap64(void *address, size_t bytes, int protection, int flags, int fd, off64_t at) {
  char path[PATH_MAX];
  struct stat st;
  int is_shared = flags & MAP_SHARED && protection & PROT_WRITE && !(flags & MAP_ANONYMOUS);
  if (is_shared && whose(fd, path, &st) == OURS) {
    enter();
    append(MAPPED, st.st_ino, 0, 0, path, NULL, NULL, 0);
    leave();
  }
  return (void *)syscall(SYS_mmap, address, bytes, protection, flags, fd, at);
}
void *mmap(void *address, size_t bytes, int protection, int flags, int fd, off_t at) {
  return mmap64(address, bytes, protection, flags, fd, at);
}

// Lengths

static int resize(int fd, int mode, off_t from, off_t bytes, int allocates) {
  char path[PATH_MAX];
  struct stat st;
  int ours = whose(fd, path, &st) == OURS;
  if (ours) enter();
  int failed = ours ? injected(SIZING, path, NULL) : 0;
  if (!failed)
    failed = allocates ? syscall(SYS_fallocate, fd, mode, from, bytes) : syscall(SYS_ftruncate, fd, bytes);
  // With FALLOC_FL_KEEP_SIZE (1) nothing changes that can be read. That also holds for a hole punched
  // after the end of a file, as RocksDB does if it could not shorten one; no engine punches other holes.
  if (ours && !failed && !(mode & 1))
    append(allocates ? ALLOCATED : RESIZED, st.st_ino, from + bytes, 0, path, NULL, NULL, 0);
  if (ours) leave();
  return failed;
}

int ftruncate64(int fd, off64_t bytes) { return resize(fd, 0, 0, bytes, 0); }
int ftruncate(int fd, off_t bytes) { return resize(fd, 0, 0, bytes, 0); }
int fallocate64(int fd, int mode, off64_t from, off64_t bytes) { return resize(fd, mode, from, bytes, 1); }
int fallocate(int fd, int mode, off_t from, off_t bytes) { return resize(fd, mode, from, bytes, 1); }
int posix_fallocate64(int fd, off64_t from, off64_t bytes) { return resize(fd, 0, from, bytes, 1) ? errno : 0; }
int posix_fallocate(int fd, off_t from, off_t bytes) { return posix_fallocate64(fd, from, bytes); }
int truncate64(const char *path, off64_t bytes) {
  int fd = open_at(AT_FDCWD, path, O_WRONLY | O_CLOEXEC, 0);
  if (fd < 0) return -1;
  int failed = resize(fd, 0, 0, bytes, 0);
  syscall(SYS_close, fd);
  return failed;
}
int truncate(const char *path, off_t bytes) { return truncate64(path, bytes); }

// Syncing

// Since Linux 4.13 each open file reports a failed write of its data once, whichever of them was synced
// when it failed. Descriptors that share an open file count as several here, which the programs under
// test do not have.
static void owe_failure(int fd, const struct stat *failed) {
  struct stat st;
  for (int other = 0; other < DESCRIPTORS; other++)
    if (other != fd && !syscall(SYS_fstat, other, &st) && st.st_dev == failed->st_dev &&
        st.st_ino == failed->st_ino)
      owes_failure[other] = 1;
}

static int sync_by(int fd, long number, enum what what, off_t from, off_t bytes, unsigned flags) {
  char path[PATH_MAX];
  struct stat st;
  if (whose(fd, path, &st) != OURS) return syscall(number, fd, from, bytes, flags);
  if (ignores_all || (ignores_folders && S_ISDIR(st.st_mode))) return 0;
  enter();
  int failed = injected(SYNCING, path, NULL);
  // After a failure the system treats the pages as written: the next sync does not try them again.
  // A signal comes before any of that.
  if (failed && failing_errno != EINTR) {
    append(SYNC_FAILED, st.st_ino, 0, 0, path, NULL, NULL, 0);
    owe_failure(fd, &st);
    errno = failing_errno;
  } else if (!failed && fd < DESCRIPTORS && owes_failure[fd]) {
    owes_failure[fd] = 0;
    errno = failing_errno;
    failed = -1;
  }
  if (!failed && !(failed = syscall(number, fd, from, bytes, flags)))
    append(what, st.st_ino, 0, 0, path, NULL, NULL, 0);
  leave();
  return failed;
}

int fsync(int fd) { return sync_by(fd, SYS_fsync, SYNCED, 0, 0, 0); }
int fdatasync(int fd) { return sync_by(fd, SYS_fdatasync, SYNCED, 0, 0, 0); }
int sync_file_range(int fd, off64_t from, off64_t bytes, unsigned flags) {
  return sync_by(fd, SYS_sync_file_range, RANGE_SYNCED, from, bytes, flags);
}

// Names

int renameat2(int at, const char *from, int to_at, const char *to, unsigned flags) {
  char a[PATH_MAX], b[PATH_MAX];
  // Not "||": both have to be resolved.
  if (!(resolve(at, from, a) | resolve(to_at, to, b)))
    return syscall(SYS_renameat2, at, from, to_at, to, flags);
  enter();
  int failed = injected(RENAMING, a, NULL);
  if (!failed && !(failed = syscall(SYS_renameat2, at, from, to_at, to, flags)))
    append(RENAMED, 0, 0, 0, a, b, NULL, 0);
  leave();
  return failed;
}
int renameat(int at, const char *from, int to_at, const char *to) { return renameat2(at, from, to_at, to, 0); }
int rename(const char *from, const char *to) { return renameat2(AT_FDCWD, from, AT_FDCWD, to, 0); }

int linkat(int at, const char *from, int to_at, const char *to, int flags) {
  char a[PATH_MAX], b[PATH_MAX];
  if (!(resolve(at, from, a) | resolve(to_at, to, b)))
    return syscall(SYS_linkat, at, from, to_at, to, flags);
  enter();
  int failed = injected(RENAMING, a, NULL);
  if (!failed && !(failed = syscall(SYS_linkat, at, from, to_at, to, flags)))
    append(LINKED, 0, 0, 0, a, b, NULL, 0);
  leave();
  return failed;
}
int link(const char *from, const char *to) { return linkat(AT_FDCWD, from, AT_FDCWD, to, 0); }

int unlinkat(int at, const char *path, int flags) {
  char full[PATH_MAX];
  if (!resolve(at, path, full)) return syscall(SYS_unlinkat, at, path, flags);
  enter();
  int failed = injected(REMOVING, full, NULL);
  if (!failed && !(failed = syscall(SYS_unlinkat, at, path, flags)))
    append(REMOVED, 0, 0, 0, full, NULL, NULL, 0);
  leave();
  return failed;
}
int unlink(const char *path) { return unlinkat(AT_FDCWD, path, 0); }
int rmdir(const char *path) { return unlinkat(AT_FDCWD, path, AT_REMOVEDIR); }

int mkdirat(int at, const char *path, mode_t mode) {
  char full[PATH_MAX];
  if (!resolve(at, path, full)) return syscall(SYS_mkdirat, at, path, mode);
  enter();
  int failed = injected(MAKING, full, NULL);
  struct stat st = {0};
  if (!failed && !(failed = syscall(SYS_mkdirat, at, path, mode))) {
    syscall(SYS_newfstatat, AT_FDCWD, full, &st, 0);
    append(FOLDER_MADE, st.st_ino, 0, 0, full, NULL, NULL, 0);
  }
  leave();
  return failed;
}
int mkdir(const char *path, mode_t mode) { return mkdirat(AT_FDCWD, path, mode); }
