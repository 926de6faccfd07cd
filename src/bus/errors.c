/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The one place that knows D-Bus error names: a row per code of util/error.h. */
#include "bus/errors.h"

#include <assert.h>

#include "util/error.h"

#define OWN(name) "org.virtbus1.Error." name
#define DBUS(name) "org.freedesktop.DBus.Error." name

static const char *const names[] = {
        [VB_ERROR_NO_SUCH_DOMAIN] = OWN("NoSuchDomain"),
        [VB_ERROR_DOMAIN_EXISTS] = OWN("DomainExists"),
        [VB_ERROR_NO_SUCH_DEVICE] = OWN("NoSuchDevice"),
        [VB_ERROR_INVALID_XML] = OWN("InvalidXML"),
        [VB_ERROR_UNSUPPORTED] = OWN("Unsupported"),
        [VB_ERROR_INVALID_ADDRESS] = OWN("InvalidAddress"),
        [VB_ERROR_ADDRESS_IN_USE] = OWN("AddressInUse"),
        [VB_ERROR_NO_FREE_ADDRESS] = OWN("NoFreeAddress"),
        [VB_ERROR_INVALID_STATE] = OWN("InvalidState"),
        [VB_ERROR_BUSY] = OWN("Busy"),
        [VB_ERROR_NO_EMULATOR] = OWN("NoEmulator"),
        [VB_ERROR_EMULATOR_FAILED] = OWN("EmulatorFailed"),
        [VB_ERROR_MONITOR] = OWN("Monitor"),
        [VB_ERROR_TIMEOUT] = OWN("Timeout"),
        [VB_ERROR_INCOMPATIBLE] = OWN("Incompatible"),
        [VB_ERROR_MIGRATION_FAILED] = OWN("MigrationFailed"),
        [VB_ERROR_SECURITY_LABEL] = OWN("SecurityLabel"),
        [VB_ERROR_STORAGE] = OWN("Storage"),
        [VB_ERROR_ACCESS_DENIED] = DBUS("AccessDenied"),
        [VB_ERROR_AUTHORIZATION_REQUIRED] = DBUS("InteractiveAuthorizationRequired"),
        [VB_ERROR_INVALID_ARGS] = DBUS("InvalidArgs"),
        [VB_ERROR_LIMITS_EXCEEDED] = DBUS("LimitsExceeded"),
};
static_assert(G_N_ELEMENTS(names) == _VB_ERROR_MAX, "an error has no name on the bus");

const char *vb_bus_error_name(const GError *error)
{
        /* An error of a library that was passed up unchanged would be a bug of ours; it still gets a name. */
        if (error->domain != VB_ERROR || error->code < 0 || error->code >= _VB_ERROR_MAX)
                return names[VB_ERROR_STORAGE];
        return names[error->code];
}
