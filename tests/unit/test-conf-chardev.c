/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Character devices: what is wrong with them, and what serial ports are on boards that are no PC. What is
 * right with them is in data/conf/ and data/argv/. */
#include <string.h>

#include "conf/serial.h"
#include "facts.h"
#include "refusal.h"

#define SPICE(more) "<channel type='spicevmc'>" more "</channel>"

static const TestRefusal refusals[] = {
        { "type-unknown", "\n<serial type='carrier-pigeon'/>", VB_ERROR_INVALID_XML,
          "line 8: <serial>: type='carrier-pigeon' is not known; accepted: pty, null, vc", NULL },
        { "type-nmdm", "<serial type='nmdm'/>", VB_ERROR_UNSUPPORTED, "type='nmdm' is not supported", NULL },
        { "dev-no-path", "<serial type='dev'/>", VB_ERROR_INVALID_XML,
          "type='dev' needs <source path=", NULL },
        { "file-no-path", "<parallel type='file'><source/></parallel>", VB_ERROR_INVALID_XML,
          "<source>: the attribute 'path' is missing", NULL },
        { "pipe-relative", "<serial type='pipe'><source path='p'/></serial>", VB_ERROR_INVALID_XML,
          "path='p' is not an absolute path", NULL },
        { "tcp-no-source", "<serial type='tcp'/>", VB_ERROR_INVALID_XML, "needs <source host=", NULL },
        { "tcp-no-host", "<serial type='tcp'><source mode='bind' service='1'/></serial>",
          VB_ERROR_INVALID_XML, "<source>: the attribute 'host' is missing", NULL },
        { "tcp-no-service", "<serial type='tcp'><source mode='bind' host='h'/></serial>",
          VB_ERROR_INVALID_XML, "<source>: the attribute 'service' is missing", NULL },
        { "tcp-mode", "<serial type='tcp'><source mode='client' host='h' service='1'/></serial>",
          VB_ERROR_INVALID_XML, "mode='client' is not known; accepted: connect, bind", NULL },
        { "tcp-protocol",
          "<serial type='tcp'><source host='h' service='1'/>\n<protocol type='ssh'/></serial>",
          VB_ERROR_INVALID_XML, "line 8: <protocol>: type='ssh' is not known; accepted: raw, telnet", NULL },
        { "tcp-two-sources",
          "<serial type='tcp'><source host='h' service='1'/>\n<source host='h' service='2'/></serial>",
          VB_ERROR_INVALID_XML, "line 8: <source> is given twice", NULL },
        { "udp-bind-only", "<serial type='udp'><source mode='bind' service='1'/></serial>",
          VB_ERROR_INVALID_XML, "needs <source mode='connect'", NULL },
        { "udp-twice", "<serial type='udp'><source service='1'/><source service='2'/></serial>",
          VB_ERROR_INVALID_XML, "mode='connect' is given twice", NULL },
        { "unix-connect", "<serial type='unix'><source mode='connect'/></serial>", VB_ERROR_INVALID_XML,
          "needs a path", NULL },
        { "reconnect-bind",
          "<serial type='unix'><source mode='bind' path='/a'><reconnect enabled='yes' timeout='1'/></source>"
          "</serial>",
          VB_ERROR_INVALID_XML, "<reconnect>: only mode='connect'", NULL },
        { "reconnect-no-timeout",
          "<serial type='unix'><source mode='connect' path='/a'><reconnect enabled='yes'/></source></serial>",
          VB_ERROR_INVALID_XML, "<reconnect>: the attribute 'timeout' is missing", NULL },
        { "reconnect-of-file",
          "<serial type='file'><source path='/a'><reconnect enabled='no'/></source></serial>",
          VB_ERROR_INVALID_XML, "<reconnect> in <source>", NULL },
        { "dbus-no-channel", "<serial type='dbus'><source/></serial>", VB_ERROR_INVALID_XML,
          "the attribute 'channel' is missing", NULL },
        { "log-relative", "<serial><log file='x.log'/></serial>", VB_ERROR_INVALID_XML,
          "<log>: file='x.log' is not an absolute path", NULL },
        { "log-no-file", "<serial><log append='on'/></serial>", VB_ERROR_INVALID_XML,
          "<log>: the attribute 'file' is missing", NULL },
        { "label-empty",
          "<serial type='file'><source path='/a'><seclabel model='dac' relabel='yes'/></source></serial>",
          VB_ERROR_INVALID_XML, "<seclabel>: it needs a <label>", NULL },
        { "label-useless",
          "<serial type='file'><source path='/a'><seclabel relabel='no'><label>x</label></seclabel></source>"
          "</serial>",
          VB_ERROR_INVALID_XML, "<seclabel>: a <label> is of no use", NULL },
        { "label-twice",
          "<serial type='file'><source path='/a'><seclabel model='dac' relabel='no'/>"
          "<seclabel model='dac' relabel='no'/></source></serial>",
          VB_ERROR_INVALID_XML, "another one for the same model", NULL },

        { "serial-model", "<serial><target type='isa-serial'><model name='pci-serial'/></target></serial>",
          VB_ERROR_INVALID_XML, "does not fit", NULL },
        { "serial-target", "<serial><target type='com'/></serial>", VB_ERROR_INVALID_XML,
          "type='com' is not known; accepted: isa-serial, pci-serial", NULL },
        { "serial-system", "<serial><target type='system-serial'/></serial>", VB_ERROR_UNSUPPORTED,
          "has no such serial port of its own", NULL },
        { "serial-spapr", "<serial><target type='spapr-vio-serial'/></serial>", VB_ERROR_UNSUPPORTED,
          "no spapr-vio bus", NULL },
        { "serial-sclp", "<serial><target type='sclp-serial'/></serial>", VB_ERROR_UNSUPPORTED,
          "no device sclpconsole", NULL },
        { "serial-five", "<serial/><serial/><serial/><serial/>\n<serial/>", VB_ERROR_UNSUPPORTED,
          "line 8: <serial>: there are at most 4", NULL },
        { "serial-same-port", "<serial><target port='1'/></serial>\n<serial><target port='1'/></serial>",
          VB_ERROR_INVALID_XML, "<target port='1'/> is the number of another one", NULL },
        { "serial-port", "<serial><target port='4'/></serial>", VB_ERROR_INVALID_XML,
          "isa-serial has the ports 0 to 3", NULL },
        { "serial-spicevmc", "<serial type='spicevmc'/>", VB_ERROR_UNSUPPORTED, "type='spicevmc' needs",
          NULL },
        { "serial-spiceport", "<serial type='spiceport'><source channel='a'/></serial>", VB_ERROR_UNSUPPORTED,
          "type='spiceport' needs a <graphics type='spice'>", NULL },
        { "console-second", "<console/>\n<console/>", VB_ERROR_INVALID_XML,
          "line 8: <console>: only the first", NULL },
        { "console-xen", "<console><target type='xen'/></console>", VB_ERROR_UNSUPPORTED,
          "type='xen' is not supported", NULL },
        { "console-sclp", "<console><target type='sclp'/></console>", VB_ERROR_UNSUPPORTED,
          "no device sclpconsole", NULL },
        { "parallel-four",
          "<parallel type='null'/><parallel type='null'/><parallel type='null'/>\n"
          "<parallel type='null'/>",
          VB_ERROR_UNSUPPORTED, "line 8: <parallel>: there are at most 3", NULL },
        { "parallel-address", "<parallel type='null'><address type='pci' slot='5'/></parallel>",
          VB_ERROR_INVALID_ADDRESS, "its address is of type 'isa', not 'pci'", NULL },

        { "channel-no-target", "<channel type='pty'/>", VB_ERROR_INVALID_XML,
          "<target type='...'/> is missing", NULL },
        { "channel-no-type", "<channel type='pty'><target name='a'/></channel>", VB_ERROR_INVALID_XML,
          "<target>: the attribute 'type' is missing", NULL },
        { "channel-xen", "<channel type='pty'><target type='xen' name='a'/></channel>", VB_ERROR_UNSUPPORTED,
          "type='xen' is not supported", NULL },
        { "channel-spice", SPICE("<target type='virtio'/>"), VB_ERROR_UNSUPPORTED, "needs a <graphics",
          NULL },
        { "guestfwd-spice", SPICE("<target type='guestfwd' address='10.0.2.1' port='1'/>"),
          VB_ERROR_UNSUPPORTED, "a spicevmc channel has a target of type='virtio'", NULL },
        { "guestfwd-address",
          "<channel type='null'><target type='guestfwd' address='::1' port='1'/></channel>",
          VB_ERROR_INVALID_XML, "address='::1' is not an IPv4 address", NULL },
        { "guestfwd-no-port", "<channel type='null'><target type='guestfwd' address='10.0.2.1'/></channel>",
          VB_ERROR_INVALID_XML, "<target>: the attribute 'port' is missing", NULL },
        { "guestfwd-port",
          "<channel type='null'><target type='guestfwd' address='10.0.2.1' port='65536'/></channel>",
          VB_ERROR_INVALID_XML, "port='65536' is not a number from 1 to 65535", NULL },
        { "channel-port",
          "<channel type='pty'><target type='virtio'/><address type='virtio-serial' port='31'/></channel>",
          VB_ERROR_INVALID_ADDRESS, "ports up to 30", NULL },
        { "channel-port-twice",
          "<channel type='pty'><target type='virtio'/><address type='virtio-serial' port='2'/></channel>\n"
          "<console><target type='virtio'/><address type='virtio-serial' port='2'/></console>",
          VB_ERROR_ADDRESS_IN_USE, "port 2 of virtio-serial controller 0 is in use by", NULL },

        { "redirdev-no-type", "<redirdev bus='usb'/>", VB_ERROR_INVALID_XML,
          "the attribute 'type' is missing", NULL },
        { "redirdev-bus", "<redirdev bus='pci' type='pty'/>", VB_ERROR_INVALID_XML,
          "bus='pci' is not known; accepted: usb", NULL },
        { "redirdev-spice", "<redirdev bus='usb' type='spicevmc'/>", VB_ERROR_UNSUPPORTED,
          "needs a <graphics", NULL },
        { "redirfilter-version", "<redirfilter><usbdev version='0210' allow='yes'/></redirfilter>",
          VB_ERROR_INVALID_XML, "version='0210' is not two numbers", NULL },
        { "redirfilter-allow", "<redirfilter><usbdev class='1'/></redirfilter>", VB_ERROR_INVALID_XML,
          "<usbdev>: the attribute 'allow' is missing", NULL },
        { "redirfilter-class", "<redirfilter><usbdev class='256' allow='no'/></redirfilter>",
          VB_ERROR_INVALID_XML, "class='256'", NULL },
        { "redirfilter-two", "<redirfilter/>\n<redirfilter/>", VB_ERROR_INVALID_XML,
          "line 8: <redirfilter> redirfilter1: a domain has only one", NULL },

        { "smartcard-no-mode", "<smartcard type='pty'/>", VB_ERROR_INVALID_XML, "'mode' is missing", NULL },
        { "smartcard-no-type", "<smartcard mode='passthrough'/>", VB_ERROR_INVALID_XML, "'type' is missing",
          NULL },
        { "smartcard-certificates",
          "<smartcard mode='host-certificates'><certificate>a</certificate></smartcard>",
          VB_ERROR_INVALID_XML, "needs exactly 3 <certificate>", NULL },
        { "smartcard-four",
          "<smartcard mode='host-certificates'><certificate>a</certificate><certificate>b</certificate>"
          "<certificate>c</certificate>\n<certificate>d</certificate></smartcard>",
          VB_ERROR_INVALID_XML, "line 8: <certificate>", NULL },
        { "smartcard-database",
          "<smartcard mode='host-certificates'><certificate>a</certificate><certificate>b</certificate>"
          "<certificate>c</certificate><database>nss</database></smartcard>",
          VB_ERROR_INVALID_XML, "<database>: 'nss' is not an absolute path", NULL },
        { "smartcard-two", "<smartcard mode='host'/>\n<smartcard mode='host'/>", VB_ERROR_INVALID_XML,
          "line 8: <smartcard>: a domain has only one", NULL },
        { "smartcard-slot", "<smartcard mode='host'><address type='ccid' slot='1'/></smartcard>",
          VB_ERROR_INVALID_ADDRESS, "only slot 0", NULL },

        { "rng-no-model", "<rng><backend model='random'/></rng>", VB_ERROR_INVALID_XML, "'model' is missing",
          NULL },
        { "rng-no-backend", "<rng model='virtio'/>", VB_ERROR_INVALID_XML, "<backend model='...'> is missing",
          NULL },
        { "rng-two-backends",
          "<rng model='virtio'><backend model='builtin'/>\n<backend model='builtin'/></rng>",
          VB_ERROR_INVALID_XML, "line 8: <backend> is given twice", NULL },
        { "rng-egd", "<rng model='virtio'><backend model='egd'/></rng>", VB_ERROR_INVALID_XML,
          "<backend>: the attribute 'type' is missing", NULL },

        { "vsock-cid", "<vsock model='virtio'><cid address='2'/></vsock>", VB_ERROR_INVALID_XML,
          "address='2' is not a number from 3", NULL },
        { "vsock-no-cid", "<vsock model='virtio'><cid auto='no'/></vsock>", VB_ERROR_INVALID_XML,
          "<cid>: auto='no' needs an address", NULL },
        { "vsock-two", "<vsock/>\n<vsock/>", VB_ERROR_INVALID_XML, "line 8: <vsock>: a domain has only one",
          NULL },
        { "vsock-model", "<vsock model='vmci'/>", VB_ERROR_INVALID_XML, "model='vmci' is not known", NULL },
};

typedef struct {
        const char *name;
        const char *driver; /* of the board's own port */
        bool spapr;
        VbSerialTarget target;
        VbSerialModel model;
        bool console; /* it is the console, too */
} BoardCase;

static const BoardCase boards[] = {
        { "pl011", "pl011", false, VB_SERIAL_TARGET_SYSTEM, VB_SERIAL_PL011, true },
        { "16550a", "serial-mm", false, VB_SERIAL_TARGET_SYSTEM, VB_SERIAL_16550A, true },
        { "spapr", NULL, true, VB_SERIAL_TARGET_SPAPR_VIO, VB_SERIAL_SPAPR_VTY, true },
        { "none", NULL, false, VB_SERIAL_TARGET_PCI, VB_SERIAL_PCI, false },
};

/* Given a board without ISA, when a serial port of no kind is completed, then it is of the board's kind. */
static void test_board(gconstpointer data)
{
        const BoardCase *c = data;
        g_autofree char *text = test_definition("<serial type='null'/>", "q35");
        g_autoptr(VbEmulatorFacts) emulator = test_emulator_facts();
        g_autoptr(VbMachineFacts) machine = test_machine_facts_pcie();
        g_autoptr(VbDomainDef) def = vb_domain_def_parse(text, strlen(text), NULL);
        g_autoptr(GError) error = NULL;
        const VbSerial *serial;

        vb_emulator_facts_add_word(emulator, VB_FACT_DEVICE, "spapr-vty");
        machine->has_isa = false;
        machine->serial_driver = g_strdup(c->driver);
        machine->has_spapr_vio = c->spapr;
        g_assert_true(vb_domain_def_complete(def, emulator, machine, &error));
        g_assert_no_error(error);
        serial = (const VbSerial *) vb_domain_def_find_device(def, "serial0");
        g_assert_cmpint(serial->target, ==, c->target);
        g_assert_cmpint(serial->model, ==, c->model);
        g_assert_true((vb_domain_def_find_device(def, "console0") != NULL) == c->console);
}

int main(int argc, char **argv)
{
        g_test_init(&argc, &argv, NULL);
        test_refusals_add("/conf/chardev/refuse/", refusals, G_N_ELEMENTS(refusals));
        for (gsize i = 0; i < G_N_ELEMENTS(boards); i++) {
                g_autofree char *path = g_strconcat("/conf/chardev/board/", boards[i].name, NULL);

                g_test_add_data_func(path, &boards[i], test_board);
        }
        return g_test_run();
}
