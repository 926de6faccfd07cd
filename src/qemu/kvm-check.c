/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A virtual machine of one page, which counts down from a million in protected mode and halts. A processor
 * with virtualization needs about a millisecond; where the host's kernel emulates every instruction of the
 * guest, it needs a second, and firmware minutes. It runs in a child process, because a KVM that does not
 * work may not return. */
#include "qemu/kvm-check.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/kvm.h>
#include <signal.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <unistd.h>

#include "host/spawn.h"
#include "util/fd.h"

#define KVM_NODE "/dev/kvm"

/* Processor time that the guest may take, and time until we stop waiting for one that sleeps. */
#define GUEST_CPU_USEC 20000
#define WAIT_USEC (2 * G_TIME_SPAN_SECOND)

/* How the child ended, in the order in which it gets further. */
enum { STAGE_OPEN = 10, STAGE_VM, STAGE_MEMORY, STAGE_VCPU, STAGE_RUN, STAGE_OTHER_EXIT };

/* clang-format off */
static const struct {
        int stage;
        const char *problem;
} problems[] = {
        { STAGE_OPEN, KVM_NODE " cannot be opened" },
        { STAGE_VM, "KVM does not make a virtual machine" },
        { STAGE_MEMORY, "KVM does not take memory for a guest" },
        { STAGE_VCPU, "KVM does not make a virtual processor" },
        { STAGE_RUN, "KVM does not run a guest" },
        { STAGE_OTHER_EXIT, "KVM does not run a guest as a processor would" },
};
/* clang-format on */

struct VbKvmCheck {
        sd_event *event;
        bool known;
        const char *problem; /* a text of ours */
        struct stat node;    /* as it was when the answer was found */
        bool has_node;

        pid_t pid;
        int pidfd;
        sd_event_source *child_source, *timer;
        void (*done)(void *userdata);
        void *userdata;
};

static bool stat_node(struct stat *ret)
{
        return stat(KVM_NODE, ret) == 0;
}

static bool node_is_same(const VbKvmCheck *check)
{
        struct stat now;

        if (!stat_node(&now))
                return !check->has_node;
        return check->has_node && now.st_ino == check->node.st_ino && now.st_rdev == check->node.st_rdev &&
               now.st_ctim.tv_sec == check->node.st_ctim.tv_sec &&
               now.st_ctim.tv_nsec == check->node.st_ctim.tv_nsec;
}

#if defined(__x86_64__) || defined(__i386__)
#define GUEST_MEMORY 4096

/* mov ecx, 1000000; 1: dec ecx; jnz 1b; hlt */
static const unsigned char guest_code[] = { 0xb9, 0x40, 0x42, 0x0f, 0x00, 0x49, 0x75, 0xfd, 0xf4 };

static int set_registers(int vcpu)
{
        struct kvm_segment code = {
                .limit = 0xffffffff, .selector = 8, .type = 11, .present = 1, .db = 1, .s = 1, .g = 1
        };
        struct kvm_segment data = {
                .limit = 0xffffffff, .selector = 16, .type = 3, .present = 1, .db = 1, .s = 1, .g = 1
        };
        struct kvm_regs regs = { .rip = 0, .rflags = 2 };
        struct kvm_sregs sregs;

        if (ioctl(vcpu, KVM_GET_SREGS, &sregs) < 0)
                return -1;
        sregs.cr0 |= 1;
        sregs.cs = code;
        sregs.ds = sregs.es = sregs.fs = sregs.gs = sregs.ss = data;
        if (ioctl(vcpu, KVM_SET_SREGS, &sregs) < 0)
                return -1;
        return ioctl(vcpu, KVM_SET_REGS, &regs);
}

static int run_guest(int kvm, int vm, int vcpu)
{
        int size = ioctl(kvm, KVM_GET_VCPU_MMAP_SIZE, 0);
        struct kvm_run *run = size > 0
                                      ? mmap(NULL, (size_t) size, PROT_READ | PROT_WRITE, MAP_SHARED, vcpu, 0)
                                      : MAP_FAILED;

        if (run == MAP_FAILED || set_registers(vcpu) < 0)
                return STAGE_VCPU;
        if (ioctl(vcpu, KVM_RUN, 0) < 0)
                return STAGE_RUN;
        return run->exit_reason == KVM_EXIT_HLT ? 0 : STAGE_OTHER_EXIT;
}

static int add_memory(int vm)
{
        struct kvm_userspace_memory_region region = { .memory_size = GUEST_MEMORY };
        void *memory = mmap(NULL, GUEST_MEMORY, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
        uint64_t identity_map = 0xfffbc000;

        if (memory == MAP_FAILED)
                return -1;
        memcpy(memory, guest_code, sizeof(guest_code));
        region.userspace_addr = (uint64_t) (uintptr_t) memory;
        if (ioctl(vm, KVM_SET_USER_MEMORY_REGION, &region) < 0)
                return -1;
        /* Older processors run a guest without paging through page tables of the host's making. */
        ioctl(vm, KVM_SET_IDENTITY_MAP_ADDR, &identity_map);
        ioctl(vm, KVM_SET_TSS_ADDR, (unsigned long) identity_map + 0x1000);
        return 0;
}
#else
/* Elsewhere no half-working KVM is known: a virtual processor is taken for proof. */
static int run_guest(int kvm, int vm, int vcpu)
{
        return 0;
}

static int add_memory(int vm)
{
        return 0;
}
#endif

/* In the child, between fork and exit: system calls only. */
static int check_kvm(void)
{
        int kvm = open(KVM_NODE, O_RDWR | O_CLOEXEC), vm = -1, vcpu = -1;

        if (kvm < 0)
                return STAGE_OPEN;
        if (ioctl(kvm, KVM_GET_API_VERSION, 0) != KVM_API_VERSION || (vm = ioctl(kvm, KVM_CREATE_VM, 0)) < 0)
                return STAGE_VM;
        if (add_memory(vm) < 0)
                return STAGE_MEMORY;
        vcpu = ioctl(vm, KVM_CREATE_VCPU, 0);
        return vcpu < 0 ? STAGE_VCPU : run_guest(kvm, vm, vcpu);
}

static void child(void)
{
        struct itimerval limit = { .it_value = { .tv_usec = GUEST_CPU_USEC } };
        sigset_t none;

        /* What the service holds open, its lock above all, must not outlive it here. */
        (void) prctl(PR_SET_PDEATHSIG, SIGKILL);
        (void) close_range(STDERR_FILENO + 1, ~0U, 0);
        signal(SIGPROF, SIG_DFL);
        sigemptyset(&none);
        sigprocmask(SIG_SETMASK, &none, NULL);
        setitimer(ITIMER_PROF, &limit, NULL);
        _exit(check_kvm());
}

static const char *problem_of(const siginfo_t *info)
{
        if (info->si_code != CLD_EXITED)
                return info->si_status == SIGPROF
                               ? "KVM emulates guests instead of running them: it is many times "
                                 "slower than a processor"
                               : "KVM does not return from running a guest";
        for (gsize i = 0; i < G_N_ELEMENTS(problems); i++)
                if (problems[i].stage == info->si_status)
                        return problems[i].problem;
        return info->si_status == 0 ? NULL : "KVM could not be tried";
}

static void check_end(VbKvmCheck *check, const char *problem)
{
        check->child_source = sd_event_source_disable_unref(check->child_source);
        check->timer = sd_event_source_disable_unref(check->timer);
        vb_clear_fd(&check->pidfd);
        check->pid = 0;
        check->problem = problem;
        check->known = true;
}

static int on_child(sd_event_source *source, int fd, uint32_t revents, void *userdata)
{
        VbKvmCheck *check = userdata;
        siginfo_t info = { 0 };

        if (waitid(P_PID, (id_t) check->pid, &info, WEXITED | WNOHANG) < 0 || info.si_pid == 0) {
                info.si_code = CLD_EXITED;
                info.si_status = 1;
        }
        check_end(check, problem_of(&info));
        check->done(check->userdata);
        return 0;
}

static int on_timer(sd_event_source *source, uint64_t usec, void *userdata)
{
        VbKvmCheck *check = userdata;

        kill(check->pid, SIGKILL);
        return 0;
}

VbKvmCheck *vb_kvm_check_new(sd_event *event)
{
        VbKvmCheck *check = g_new0(VbKvmCheck, 1);

        check->event = sd_event_ref(event);
        check->pidfd = -1;
        return check;
}

void vb_kvm_check_free(VbKvmCheck *check)
{
        if (!check)
                return;
        if (check->pid > 0) {
                kill(check->pid, SIGKILL);
                waitpid(check->pid, NULL, 0);
        }
        check_end(check, NULL);
        sd_event_unref(check->event);
        g_free(check);
}

bool vb_kvm_check_get(VbKvmCheck *check, const char **ret_problem)
{
        if (!check->known || check->pid > 0 || !node_is_same(check))
                return false;
        *ret_problem = check->problem;
        return true;
}

static int check_watch(VbKvmCheck *check)
{
        int r = 0;

        check->pidfd = vb_pidfd_open(check->pid);
        if (check->pidfd < 0)
                return check->pidfd;
        r = sd_event_add_io(check->event, &check->child_source, check->pidfd, EPOLLIN, on_child, check);
        if (r < 0)
                return r;
        return sd_event_add_time_relative(check->event, &check->timer, CLOCK_MONOTONIC, WAIT_USEC, 0,
                                          on_timer, check);
}

bool vb_kvm_check_run(VbKvmCheck *check, void (*done)(void *userdata), void *userdata)
{
        if (check->pid > 0)
                return false;
        check->done = done;
        check->userdata = userdata;
        check->has_node = stat_node(&check->node);
        check->pid = fork();
        if (check->pid == 0)
                child();
        if (check->pid > 0 && check_watch(check) < 0) {
                kill(check->pid, SIGKILL);
                waitpid(check->pid, NULL, 0);
                check->pid = -1;
        }
        if (check->pid < 0)
                check_end(check, "KVM could not be tried");
        return true;
}
