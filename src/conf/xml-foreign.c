/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Names of libvirt's format that no reader of this version takes. https://libvirt.org/formatdomain.html */
#include "conf/xml-foreign.h"

#include <glib.h>

/* Separated by spaces. */
static const char elements[] =
        "acceleration acpi audio bandwidth bios blkiotune bootloader "
        "bootmenu capabilities channel coalesce cpu cputune crypto driver dtb filterref "
        "firmware genid gic guest hap hostdev hub hyperv idle idmap init initenv ioapic "
        "iommu iothreadids iothreads ip keywrap kvm launchSecurity lease link loader log "
        "maxMemory memory memoryBacking memtune metadata mtu numatune nvram "
        "on_lockfailure parallel perf pm privnet protocol pvspinlock redirdev "
        "redirfilter resource rom route seclabel shmem slic smartcard smbios smm sound "
        "stats sysinfo teaming timer tpm tune vcpus viridian virtualport vlan "
        "vmcoreinfo vsock watchdog xen zpci ";

static const char attributes[] = "ats autodeflate blob cache connected cpuset defaultMode "
                                 "discard dumpCore eoi firmware freePageReporting ioeventfd "
                                 "iommu keymap loadparm managed max name packed page_per_vq passwd "
                                 "passwdValidTo powerControl sharePolicy "
                                 "trustGuestRxFilters tty ";

static bool is_listed(const char *list, const char *name)
{
        g_auto(GStrv) names = g_strsplit(list, " ", -1);

        return *name != '\0' && g_strv_contains((const char *const *) names, name);
}

bool vb_xml_is_foreign_element(const char *name)
{
        return is_listed(elements, name);
}

bool vb_xml_is_foreign_attribute(const char *name)
{
        return is_listed(attributes, name);
}
