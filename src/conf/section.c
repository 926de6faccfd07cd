/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The parts of a definition, in the order in which libvirt writes them. */
#include "conf/section.h"

const VbSection *const vb_sections[] = {
        &vb_section_identity,    &vb_section_metadata,
        &vb_section_memory,      &vb_section_blkiotune,
        &vb_section_memtune,     &vb_section_memory_backing,
        &vb_section_vcpu,        &vb_section_iothread_count,
        &vb_section_iothreads,   &vb_section_cputune,
        &vb_section_numatune,    &vb_section_resource,
        &vb_section_sysinfo,     &vb_section_os,
        &vb_section_features,    &vb_section_cpu,
        &vb_section_memory_size, &vb_section_clock,
        &vb_section_lifecycle,   &vb_section_lock_failure,
        &vb_section_pm,          &vb_section_perf,
        &vb_section_seclabel,    &vb_section_confidential,
        &vb_section_commandline, NULL,
};
