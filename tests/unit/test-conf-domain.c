/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The parts of a definition beside its devices: what each becomes, and what is refused of it. */
#include <string.h>

#include "conf/cpuset.h"
#include "parts.h"

#define EFI(more) "<os firmware='efi'><type machine='q35'>hvm</type>" more "</os>"

static const AcceptedPart accepted[] = {
        { "cpu-default", "",
          "  <cpu mode='custom' match='exact' check='none'>\n"
          "    <model fallback='forbid'>qemu64</model>\n  </cpu>\n" },
        { "cpu-empty", "<cpu/>", "    <model fallback='forbid'>qemu64</model>\n" },
        { "cpu-model", "<cpu><model> Nehalem </model></cpu>",
          "  <cpu mode='custom' match='exact' check='none'>\n    <model fallback='allow'>Nehalem</model>\n" },
        { "cpu-features",
          "<cpu match='strict'><model>Nehalem</model><vendor>Intel</vendor><feature name='vmx'/></cpu>",
          "    <vendor>Intel</vendor>\n    <feature policy='require' name='vmx'/>\n" },
        { "cpu-topology", "<vcpu>4</vcpu><cpu><topology threads='1' cores='2' sockets='2'/></cpu>",
          "    <topology sockets='2' dies='1' cores='2' threads='1'/>\n" },
        { "cpu-maximum", "<cpu mode='maximum'><model>x</model></cpu>",
          "  <cpu mode='maximum' check='none'/>\n" },
        { "cpu-bits", "<cpu><model>Nehalem</model><maxphysaddr bits='46' mode='emulate'/></cpu>",
          "    <maxphysaddr mode='emulate' bits='46'/>\n" },
        { "numa-order",
          "<vcpu>4</vcpu><cpu><numa><cell id='1' cpus='3,2' memory='262144'/><cell id='0' cpus='0-1' "
          "memory='256' unit='MiB'/></numa></cpu>",
          "      <cell id='0' cpus='0-1' memory='262144' unit='KiB'/>\n"
          "      <cell id='1' cpus='2-3' memory='262144' unit='KiB'/>\n" },
        { "numa-rest", "<vcpu>4</vcpu><cpu><numa><cell cpus='0,3' memory='524288'/></numa></cpu>",
          "cpus='0-3'" },
        { "numa-distances",
          "<vcpu>2</vcpu><cpu><numa><cell id='0' cpus='0' memory='262144'><distances><sibling id='1' "
          "value='30'/></distances></cell><cell id='1' cpus='1' memory='262144'/></numa></cpu>",
          "      <cell id='1' cpus='1' memory='262144' unit='KiB'>\n        <distances>\n"
          "          <sibling id='0' value='30'/>\n          <sibling id='1' value='10'/>\n" },
        { "feature-states", "<features><pmu/><pvspinlock state='off'/><vmcoreinfo state='on'/></features>",
          "    <pvspinlock state='off'/>\n    <pmu state='on'/>\n    <vmcoreinfo state='on'/>\n" },
        { "feature-smm", "<features><smm><tseg unit='MiB'>48</tseg></smm></features>",
          "    <smm state='on'>\n      <tseg unit='KiB'>49152</tseg>\n    </smm>\n" },
        { "feature-smm-off", "<features><smm state='off'><tseg unit='MiB'>48</tseg></smm></features>",
          "    <smm state='off'/>\n" },
        { "feature-hyperv",
          "<features><hyperv><stimer state='on'><direct state='on'/></stimer><spinlocks retries='8191' "
          "state='on'/><relaxed state='off'/></hyperv></features>",
          "    <hyperv mode='custom'>\n      <relaxed state='off'/>\n"
          "      <spinlocks state='on' retries='8191'/>\n      <stimer state='on'>\n"
          "        <direct state='on'/>\n      </stimer>\n    </hyperv>\n" },
        { "features-none", "<features/>", "!<features" },
        { "clock-default", "", "  <clock offset='utc'/>\n" },
        { "clock-variable", "<clock offset='localtime' adjustment='-3600'/>",
          "  <clock offset='variable' adjustment='-3600' basis='localtime'/>\n" },
        { "clock-absolute", "<clock offset='absolute' start='1'/>",
          "  <clock offset='absolute' start='1'/>\n" },
        { "clock-timers",
          "<clock offset='utc'><timer tickpolicy='catchup' name='rtc'><catchup limit='3' slew='2' "
          "threshold='1'/></timer><timer name='hpet' present='no'/></clock>",
          "    <timer name='rtc' tickpolicy='catchup'>\n"
          "      <catchup threshold='1' slew='2' limit='3'/>\n    </timer>\n"
          "    <timer name='hpet' present='no'/>\n" },
        { "pm", "<pm><suspend-to-disk enabled='yes'/><suspend-to-mem enabled='no'/></pm>",
          "  <pm>\n    <suspend-to-mem enabled='no'/>\n    <suspend-to-disk enabled='yes'/>\n  </pm>\n" },
        { "pm-empty", "<pm/>", "!<pm" },
        { "metadata",
          "<metadata>\n <a:x xmlns:a='urn:a' k=\"it's\">one<b xmlns='urn:b'> two</b>&lt;<!-- three --></a:x>"
          "<o:y/></metadata>",
          "  <metadata>\n    <a:x xmlns:a=\"urn:a\" k=\"it's\">one<b xmlns=\"urn:b\"> two</b>&lt;<!-- three "
          "--></a:x>\n    <o:y xmlns:o=\"urn:outer\"/>\n  </metadata>\n" },
        { "metadata-empty", "<metadata/>", "!<metadata" },
        { "seclabels",
          "<seclabel model='selinux' type='static'><imagelabel>b</imagelabel><label>a</label></seclabel>"
          "<seclabel model='dac'/>",
          "  <seclabel type='static' model='selinux' relabel='no'>\n    <label>a</label>\n"
          "    <imagelabel>b</imagelabel>\n  </seclabel>\n"
          "  <seclabel type='dynamic' model='dac' relabel='yes'/>\n</domain>\n" },
        { "commandline",
          "<qemu:commandline><qemu:env name='A' value='b=c'/><qemu:arg value='-x'/><qemu:env name='E'/>"
          "</qemu:commandline>",
          "  <qemu:commandline>\n    <qemu:arg value='-x'/>\n    <qemu:env name='A' value='b=c'/>\n"
          "    <qemu:env name='E'/>\n  </qemu:commandline>\n</domain>\n" },
        { "commandline-none", "", "!xmlns" },
        { "loader-rom", "<os><type machine='q35'>hvm</type><loader>/a.bin</loader></os>",
          "    <loader type='rom'>/a.bin</loader>\n" },
        { "loader-flash",
          "<features><acpi/></features><os><type machine='q35'>hvm</type><loader type='pflash' "
          "readonly='yes'>/a</loader></os>",
          "    <loader readonly='yes' type='pflash'>/a</loader>\n    <nvram/>\n" },
        { "loader-stateless",
          "<features><acpi/></features><os><type machine='q35'>hvm</type><loader type='pflash' "
          "readonly='yes' "
          "stateless='yes'>/a</loader>"
          "<nvram/></os>",
          "!<nvram" },
        { "loader-secure",
          "<features><acpi/><smm/></features><os><type machine='q35'>hvm</type><loader type='pflash' "
          "secure='yes'>/a</loader><nvram template='/t'>/v</nvram></os>",
          "    <loader secure='yes' type='pflash'>/a</loader>\n    <nvram template='/t'>/v</nvram>\n" },
        { "firmware-first", "<features><acpi/></features>" EFI(""),
          "  <os firmware='efi'>\n    <type arch='x86_64' machine='pc-q35-7.2'>hvm</type>\n"
          "    <loader readonly='yes' secure='yes' type='pflash'>/fw/keys.fd</loader>\n"
          "    <nvram template='/fw/keys-vars.fd'/>\n" },
        { "firmware-smm", "<features><acpi/></features>" EFI(""), "    <smm state='on'/>\n" },
        { "firmware-no-keys",
          "<features><acpi/></features>" EFI(
                  "<firmware><feature name='enrolled-keys' enabled='no'/></firmware>"),
          "type='pflash'>/fw/secure.fd</loader>\n" },
        { "firmware-not-secure",
          "<features><acpi/></features>" EFI(
                  "<firmware><feature name='secure-boot' enabled='no'/></firmware>"),
          "    <loader readonly='yes' type='pflash'>/fw/plain.fd</loader>\n"
          "    <nvram template='/fw/vars.fd'/>\n" },
        { "firmware-smm-off", "<features><acpi/><smm state='off'/></features>" EFI(""),
          ">/fw/plain.fd</loader>\n" },
        { "firmware-nvram", "<features><acpi/></features>" EFI("<nvram>/v</nvram>"),
          "    <nvram template='/fw/keys-vars.fd'>/v</nvram>\n" },
        { "firmware-path",
          "<features><acpi/></features>" EFI(
                  "<loader type='pflash' readonly='yes'>/mine</loader><nvram>/v</nvram>"),
          ">/mine</loader>\n    <nvram>/v</nvram>\n" },
        { "loader-template",
          "<features><acpi/></features><os><type machine='q35'>hvm</type><loader type='pflash' "
          "readonly='yes'>/fw/plain.fd</loader></os>",
          "    <nvram template='/fw/vars.fd'/>\n" },
        { "os-all",
          "<os><type machine='q35'>hvm</type><bios rebootTimeout='-1'/><smbios mode='emulate'/><bootmenu "
          "timeout='3' enable='yes'/><boot dev='hd'/><boot dev='hd'/><acpi><table "
          "type='slic'>/s</table></acpi><dtb>/d</dtb></os>",
          "    <dtb>/d</dtb>\n    <acpi>\n      <table type='slic'>/s</table>\n    </acpi>\n"
          "    <boot dev='hd'/>\n    <bootmenu enable='yes' timeout='3'/>\n"
          "    <smbios mode='emulate'/>\n    <bios rebootTimeout='-1'/>\n  </os>\n" },
};

static const RefusedPart refused[] = {
        { "cpu-mode", "<cpu mode='fast'/>", "line 4: <cpu>: mode='fast' is not known" },
        { "cpu-passthrough", "<cpu mode='host-passthrough'/>",
          "line 4: <cpu mode='host-passthrough'> needs KVM" },
        { "cpu-vendor-alone", "<cpu><vendor>Intel</vendor></cpu>", "<vendor> needs a <model>" },
        { "cpu-feature-alone", "<cpu><feature name='vmx'/></cpu>", "<feature> needs a <model>" },
        { "cpu-feature-twice", "<cpu><model>Nehalem</model><feature name='a'/>\n<feature name='a'/></cpu>",
          "line 5: <feature>: name='a' is given twice" },
        { "cpu-feature-text", "<cpu><model>Nehalem</model><feature name='a,b=c'/></cpu>", "name='a,b=c'" },
        { "cpu-model-text", "<cpu><model>a,b</model></cpu>", "<model>: 'a,b'" },
        { "cpu-policy", "<cpu><model>Nehalem</model><feature name='a' policy='may'/></cpu>", "policy='may'" },
        { "cpu-topology", "<vcpu>4</vcpu><cpu><topology sockets='1' cores='2' threads='1'/></cpu>",
          "<topology>: it has 2 places for the 4" },
        { "cpu-topology-part", "<cpu><topology sockets='1' cores='1'/></cpu>", "'threads' is missing" },
        { "cpu-cache", "<cpu><model>Nehalem</model><cache mode='passthrough'/></cpu>", "mode='passthrough'" },
        { "cpu-vendor-id", "<cpu><model vendor_id='Intel'>Nehalem</model></cpu>", "vendor_id='Intel'" },
        { "cpu-unknown", "<cpu>\n<blah/></cpu>", "line 5: <blah> in <cpu> is not known" },
        { "numa-overlap",
          "<vcpu>2</vcpu><cpu><numa><cell cpus='0-1' memory='1024'/>\n<cell cpus='1' "
          "memory='1024'/></numa></cpu>",
          "line 5: <cell>: cpus='1' are in another <cell>" },
        { "numa-many", "<vcpu>2</vcpu><cpu><numa><cell cpus='0-2' memory='1024'/></numa></cpu>",
          "cpus='0-2' has more than the 2" },
        { "numa-gap", "<cpu><numa><cell id='1' memory='1024'/></numa></cpu>", "each id from 0 to 0" },
        { "numa-some-ids", "<cpu><numa><cell id='0' memory='1024'/><cell memory='1024'/></numa></cpu>",
          "'id'" },
        { "numa-distance-self",
          "<cpu><numa><cell cpus='0' memory='1024'><distances><sibling id='0' "
          "value='20'/></distances></cell></numa></cpu>",
          "distance 10 to itself" },
        { "numa-distances-empty", "<cpu><numa><cell cpus='0' memory='1024'><distances/></cell></numa></cpu>",
          "line 4: <distances>: <sibling> is missing" },
        { "numa-cache-twice",
          "<cpu><numa><cell cpus='0' memory='1024'>"
          "<cache level='1' associativity='none' policy='none'><size value='1'/><line value='1'/></cache>"
          "<cache level='1' associativity='none' policy='none'><size value='2'/><line value='1'/></cache>"
          "</cell></numa></cpu>",
          "<cell>: <cache level='1'> is given twice" },
        { "numa-latency-twice",
          "<cpu><numa><cell cpus='0' memory='1024'/><interconnects>"
          "<latency initiator='0' target='0' type='access' value='5'/>\n"
          "<latency initiator='0' target='0' type='access' value='6'/></interconnects></numa></cpu>",
          "line 5: <interconnects>: from 0 to 0 is described already" },
        { "blkiotune-twice",
          "<blkiotune><device><path>/a</path></device>\n<device><path>/a</path></device></blkiotune>",
          "line 5: <device>: there is another one with the path '/a'" },
        { "numa-no-cache",
          "<cpu><numa><cell cpus='0' memory='1024'/><interconnects><latency initiator='0' target='0' "
          "cache='1' "
          "type='access' value='5'/></interconnects></numa></cpu>",
          "has no <cache level='1'>" },
        { "feature-unknown", "<features>\n<warp/></features>", "line 5: <warp> in <features>" },
        { "feature-state", "<features><pmu state='maybe'/></features>", "<pmu>: state='maybe'" },
        { "feature-gic", "<features><gic version='3'/></features>", "<gic> is not for the machine type" },
        { "feature-htm", "<features><htm state='on'/></features>", "<htm> is not for the machine type" },
        { "feature-htm-state", "<features><htm/></features>", "<htm>: the attribute 'state' is missing" },
        { "hyperv-state", "<features><hyperv><relaxed/></hyperv></features>",
          "<relaxed>: the attribute 'state'" },
        { "hyperv-retries", "<features><hyperv><spinlocks state='on'/></hyperv></features>", "'retries'" },
        { "hyperv-vendor",
          "<features><hyperv><vendor_id state='on' value='1234567890123'/></hyperv></features>",
          "more than 12 characters" },
        { "clock-offset", "<clock offset='moon'/>", "<clock>: offset='moon'" },
        { "clock-timezone", "<clock offset='timezone'/>", "'timezone' is missing" },
        { "clock-start", "<clock offset='absolute'/>", "'start' is missing" },
        { "clock-adjustment", "<clock offset='variable' adjustment='soon'/>", "adjustment='soon'" },
        { "timer-name", "<clock><timer name='sun'/></clock>", "<timer>: name='sun'" },
        { "timer-platform", "<clock><timer name='platform'/></clock>", "no timer 'platform'" },
        { "timer-policy", "<clock><timer name='rtc' tickpolicy='merge'/></clock>", "tickpolicy='merge'" },
        { "timer-track", "<clock><timer name='rtc' track='boot'/></clock>", "track='boot'" },
        { "timer-frequency", "<clock><timer name='rtc' frequency='5'/></clock>", "no frequency" },
        { "timer-arm", "<clock><timer name='armvtimer'/></clock>", "armvtimer" },
        { "pm", "<pm><suspend-to-mem enabled='maybe'/></pm>", "enabled='maybe'" },
        { "seclabel-model", "<seclabel relabel='yes'/>",
          "line 4: <seclabel>: the attribute 'model' is missing" },
        { "seclabel-label", "<seclabel model='dac' type='static'/>", "<label> is missing" },
        { "seclabel-dynamic", "<seclabel model='dac' type='dynamic' relabel='no'/>", "relabel='yes'" },
        { "seclabel-twice", "<seclabel model='dac'/>\n<seclabel model='dac'/>",
          "line 5: <seclabel>: there is another" },
        { "loader-none", "<os><type machine='q35'>hvm</type><loader/></os>", "<loader> needs the path" },
        { "nvram-alone", "<os><type machine='q35'>hvm</type><nvram>/a</nvram></os>",
          "<nvram> needs the path" },
        { "loader-secure",
          "<os><type machine='q35'>hvm</type><loader type='pflash' secure='yes'>/a</loader></os>",
          "needs <smm state='on'/>" },
        { "nvram-stateless",
          "<os><type machine='q35'>hvm</type><loader type='pflash' "
          "stateless='yes'>/a</loader><nvram>/v</nvram></os>",
          "stateless='yes' has no variables" },
        { "firmware-none",
          "<features><acpi/></features><os firmware='bios'><type machine='q35'>hvm</type></os>",
          "<os firmware='bios'>: no installed firmware" },
        { "firmware-wish", "<features><acpi/></features><pm><suspend-to-disk enabled='yes'/></pm>" EFI(""),
          "no installed firmware" },
        { "firmware-acpi", EFI(""), "UEFI needs <acpi/>" },
        { "flash-acpi", "<os><type machine='q35'>hvm</type><loader type='pflash'>/a</loader></os>",
          "UEFI needs <acpi/>" },
        { "bootmenu", "<os><type machine='q35'>hvm</type><bootmenu enable='yes' timeout='65536'/></os>",
          "timeout='65536'" },
        { "container", "<os><type machine='q35'>hvm</type><initarg>x</initarg></os>",
          "<initarg>: this is for containers" },
        { "env", "<qemu:commandline><qemu:env name='A=B'/></qemu:commandline>", "name='A=B'" },
        { "qemu-other", "<qemu:magic/>", "<magic> in <domain> is of the namespace" },
};

/* What belongs to nobody is left out, and said to be. */
static void test_metadata_without_namespace(void)
{
        g_autofree char *text = text_around_part("<metadata><plain/><a:x xmlns:a='urn:a'/></metadata>"),
                        *canonical = NULL;
        g_autoptr(VbDomainDef) def = NULL;

        def = complete_text(text, NULL);
        g_assert_cmpuint(def->notes->len, ==, 1);
        g_assert_cmpstr(def->notes->pdata[0], ==,
                        "line 4: <plain>: it is of no namespace and is left out of <metadata>");
        canonical = vb_domain_def_format(def);
        g_assert_null(strstr(canonical, "plain"));
        g_assert_nonnull(strstr(canonical, "<a:x xmlns:a=\"urn:a\"/>"));
}

static void test_cpusets(void)
{
        static const struct {
                const char *text, *expected;
        } cases[] = {
                { "0", "0" },
                { "3,1,2", "1-3" },
                { "0-7,^3", "0-2,4-7" },
                { " 1 - 2 , 5 ", "1-2,5" },
                { "", NULL },
                { "^1", NULL },
                { "1,", NULL },
                { "2-1", NULL },
                { "-1", NULL },
                { "1-", NULL },
                { "x", NULL },
                { "16384", NULL },
                { "16383", "16383" },
                { "0-1,^0-1", NULL },
                { "99999999999", NULL },
        };

        for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
                g_autofree char *text = vb_cpuset_canonical(cases[i].text);

                g_assert_cmpstr(text, ==, cases[i].expected);
        }
}

int main(int argc, char **argv)
{
        g_test_init(&argc, &argv, NULL);
        add_accepted_parts("domain", accepted, G_N_ELEMENTS(accepted));
        add_refused_parts("domain", refused, G_N_ELEMENTS(refused));
        g_test_add_func("/conf/domain/metadata-without-namespace", test_metadata_without_namespace);
        g_test_add_func("/conf/domain/cpusets", test_cpusets);
        return g_test_run();
}
