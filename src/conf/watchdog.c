/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* <watchdog>: does something to a guest that has stopped feeding it.
 * https://libvirt.org/formatdomain.html#watchdog-device */
#include "conf/watchdog.h"

#include "conf/chipset.h"
#include "conf/complete-steps.h"
#include "conf/domain-def.h"
#include "conf/xml-reader.h"
#include "conf/xml-writer.h"

static const char *const model_words[_VB_WATCHDOG_MAX] = {
        [VB_WATCHDOG_I6300ESB] = "i6300esb",
        [VB_WATCHDOG_IB700] = "ib700",
        [VB_WATCHDOG_DIAG288] = "diag288",
        [VB_WATCHDOG_ITCO] = "itco",
};
static const char *const action_words[_VB_WATCHDOG_ACTION_MAX] = {
        [VB_WATCHDOG_RESET] = "reset",
        [VB_WATCHDOG_SHUTDOWN] = "shutdown",
        [VB_WATCHDOG_POWEROFF] = "poweroff",
        [VB_WATCHDOG_PAUSE] = "pause",
        [VB_WATCHDOG_DUMP] = "dump",
        [VB_WATCHDOG_NONE] = "none",
        [VB_WATCHDOG_INJECT_NMI] = "inject-nmi",
};

const char *vb_watchdog_action_to_string(VbWatchdogAction action)
{
        return action_words[action];
}

static bool watchdog_parse(VbDevice *device, VbXmlNode *node, GError **error)
{
        VbWatchdog *watchdog = (VbWatchdog *) device;
        int model = -1, action = VB_WATCHDOG_RESET;
        const char *text;

        if (!vb_xml_require_attribute(node, "model", &text, error) ||
            !vb_xml_take_word(node, "model", model_words, _VB_WATCHDOG_MAX, NULL, &model, error) ||
            !vb_xml_take_word(node, "action", action_words, _VB_WATCHDOG_ACTION_MAX, NULL, &action, error))
                return false;
        watchdog->model = (VbWatchdogModel) model;
        watchdog->action = (VbWatchdogAction) action;
        return true;
}

static void watchdog_format(const VbDevice *device, VbXmlWriter *writer)
{
        const VbWatchdog *watchdog = (const VbWatchdog *) device;

        vb_xml_attribute(writer, "model", model_words[watchdog->model]);
        vb_xml_attribute(writer, "action", action_words[watchdog->action]);
}

static const char *watchdog_driver(const VbDevice *device)
{
        static const char *const drivers[_VB_WATCHDOG_MAX] = {
                [VB_WATCHDOG_I6300ESB] = "i6300esb",
                [VB_WATCHDOG_IB700] = "ib700",
                [VB_WATCHDOG_DIAG288] = "diag288",
        };

        return drivers[((const VbWatchdog *) device)->model];
}

/* QEMU knows one action for all watchdogs, and there is one watchdog of a model. */
static bool check_others(const VbDomainDef *def, const VbWatchdog *watchdog, GError **error)
{
        for (guint i = 0; i < def->devices->len; i++) {
                const VbWatchdog *other = g_ptr_array_index(def->devices, i);

                if (other == watchdog)
                        break;
                if (other->base.kind != VB_DEVICE_WATCHDOG)
                        continue;
                if (other->model == watchdog->model ||
                    (other->model != VB_WATCHDOG_ITCO && watchdog->model != VB_WATCHDOG_ITCO))
                        return vb_device_error(&watchdog->base, VB_ERROR_UNSUPPORTED, error,
                                               "there is another watchdog, a %s", model_words[other->model]);
                if (other->action != watchdog->action)
                        return vb_device_error(&watchdog->base, VB_ERROR_UNSUPPORTED, error,
                                               "all watchdogs have the same action, and that of the first is "
                                               "'%s'",
                                               action_words[other->action]);
        }
        return true;
}

static bool complete_watchdog(VbCompletion *completion, VbDevice *device, GError **error)
{
        const VbWatchdog *watchdog = (const VbWatchdog *) device;
        const VbMachineFacts *machine = completion->machine;

        if (watchdog->model == VB_WATCHDOG_IB700 && !machine->has_isa)
                return vb_device_error(device, VB_ERROR_UNSUPPORTED, error,
                                       "the machine type %s has no ISA bus", machine->name);
        if (watchdog->model == VB_WATCHDOG_ITCO) {
                if (!vb_chipset_is_ich9(machine))
                        return vb_device_error(device, VB_ERROR_UNSUPPORTED, error,
                                               "the machine type %s has no ICH9, which it is a part of",
                                               machine->name);
                device->builtin = true;
        }
        return check_others(completion->def, watchdog, error);
}

static VbPciConnect watchdog_pci_needs(const VbDevice *device)
{
        return ((const VbWatchdog *) device)->model == VB_WATCHDOG_I6300ESB ? VB_PCI_CONNECT_PCI_ENDPOINT : 0;
}

const VbDeviceClass vb_watchdog_class = {
        .element = "watchdog",
        .size = sizeof(VbWatchdog),
        .parse = watchdog_parse,
        .format = watchdog_format,
        .driver = watchdog_driver,
        .alias_prefix = "watchdog",
        .complete = complete_watchdog,
        .pci_needs = watchdog_pci_needs,
};
