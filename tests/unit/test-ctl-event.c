/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* How `virtbusctl monitor` words the service's signals. */
#include "ctl/bus.h"
#include "ctl/event.h"

#define PATH "/org/virtbus1/domain/1"

static void assert_described(const char *interface, const char *member, const char *signature,
                             const char *arguments, const char *expected)
{
        g_autoptr(json_object) array = json_tokener_parse(arguments);
        VbCtlEvent event = {
                .path = PATH,
                .interface = interface,
                .member = member,
                .signature = signature,
                .arguments = array,
                .object = PATH,
                .domain = "demo",
        };
        g_autofree char *description = vb_ctl_event_describe(&event);

        g_assert_cmpstr(description, ==, expected);
}

static void test_lifecycle(void)
{
        assert_described(VB_CTL_DOMAIN, "Lifecycle", "ss", "['started', 'booted']", "started (booted)");
}

static void test_properties_have_units(void)
{
        assert_described(
                VB_CTL_PROPERTIES, "PropertiesChanged", "sa{sv}as",
                "['org.virtbus1.Domain', {'State': 'running', 'MemoryActual': 536870912, 'ProcessID': 0},"
                " ['Devices']]",
                "State=running, MemoryActual=512.0 MiB, ProcessID=-, Devices changed");
}

static void test_objects_come_and_go(void)
{
        assert_described(VB_CTL_OBJECT_MANAGER, "InterfacesAdded", "oa{sa{sv}}",
                         "['" PATH "', {'org.virtbus1.Domain': {'State': 'shutoff'}}]", "added: shutoff");
        assert_described(VB_CTL_OBJECT_MANAGER, "InterfacesAdded", "oa{sa{sv}}",
                         "['" PATH "/device/net0', {'org.virtbus1.Device':"
                         " {'Kind': 'interface', 'Driver': 'e1000', 'Address': '0000:00:02.0'}}]",
                         "added: interface e1000 0000:00:02.0");
        assert_described(VB_CTL_OBJECT_MANAGER, "InterfacesRemoved", "oas",
                         "['" PATH "', ['org.virtbus1.Domain']]", "removed");
}

static void test_signals_of_later_releases(void)
{
        assert_described(VB_CTL_DOMAIN, "TrayChanged", "sb", "['ide0-0-0', true]",
                         "TrayChanged [ \"ide0-0-0\", true ]");
}

static void test_unexpected_arguments(void)
{
        assert_described(VB_CTL_DOMAIN, "Lifecycle", "", "[]", "Lifecycle [ ]");
        assert_described(VB_CTL_PROPERTIES, "PropertiesChanged", "uuu", "[1, 2, 3]",
                         "PropertiesChanged [ 1, 2, 3 ]");
}

int main(int argc, char **argv)
{
        g_test_init(&argc, &argv, NULL);
        g_test_add_func("/ctl-event/lifecycle", test_lifecycle);
        g_test_add_func("/ctl-event/properties-have-units", test_properties_have_units);
        g_test_add_func("/ctl-event/objects-come-and-go", test_objects_come_and_go);
        g_test_add_func("/ctl-event/signals-of-later-releases", test_signals_of_later_releases);
        g_test_add_func("/ctl-event/unexpected-arguments", test_unexpected_arguments);
        return g_test_run();
}
