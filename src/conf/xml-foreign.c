/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Names of libvirt's format that no reader of this version takes. https://libvirt.org/formatdomain.html */
#include "conf/xml-foreign.h"

#include <glib.h>

/* Separated by spaces. */
static const char elements[] =
        "acceleration acpi audio auth backingStore bandwidth bios blkiotune blockio bootloader "
        "bootmenu channel coalesce cpu cputune crypto driver dtb encryption filesystem filterref "
        "firmware genid geometry gic guest hap hostdev hub hyperv idle idmap init initenv ioapic "
        "iommu iothreadids iothreads iotune ip keywrap kvm launchSecurity lease link loader log "
        "maxMemory memory memoryBacking memtune metadata mirror mtu numatune nvram "
        "on_lockfailure parallel perf pm privnet product protocol pvspinlock redirdev "
        "redirfilter resource rom route seclabel shareable shmem slic smartcard smbios smm sound "
        "stats sysinfo teaming timer tpm transient tune vcpus vendor viridian virtualport vlan "
        "vmcoreinfo vsock watchdog wwn ";

static const char attributes[] =
        "ats autodeflate blob cache connected copy_on_read cpuset defaultMode detect_zeroes "
        "discard dumpCore eoi error_policy event_idx firmware freePageReporting io ioeventfd "
        "iommu iothread keymap managed max metadata_cache name packed page_per_vq passwd "
        "passwdValidTo powerControl queues rawio removable rerror_policy sgio sharePolicy "
        "snapshot startupPolicy tray trustGuestRxFilters tty wwn ";

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
