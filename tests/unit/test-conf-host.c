/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What a definition says of the host's side of a guest: threads, limits, bindings, memory, and what the
 * firmware is given to tell. */
#include "parts.h"

#define OS(more) "<os><type machine='q35'>hvm</type>" more "</os>"
#define TWO_CELLS                                                                                            \
        "<vcpu>2</vcpu><cpu><numa><cell cpus='0' memory='1025'/><cell cpus='1' memory='2048'/></numa></cpu>"

static const AcceptedPart accepted[] = {
        { "vcpu-cpuset", "<vcpu cpuset='0-3,^2' current='1'>2</vcpu>",
          "  <vcpu placement='static' cpuset='0-1,3' current='1'>2</vcpu>\n" },
        { "vcpu-auto", "<vcpu placement='auto' cpuset='1'>2</vcpu>", "  <vcpu placement='auto'>2</vcpu>\n" },
        { "vcpus",
          "<vcpu current='1'>3</vcpu><vcpus><vcpu id='2' enabled='yes' hotpluggable='yes' order='2'/><vcpu "
          "id='0' enabled='yes' hotpluggable='no' order='1'/></vcpus>",
          "  <vcpu placement='static' current='2'>3</vcpu>\n  <vcpus>\n"
          "    <vcpu id='0' enabled='yes' hotpluggable='no' order='1'/>\n"
          "    <vcpu id='1' enabled='no' hotpluggable='yes'/>\n"
          "    <vcpu id='2' enabled='yes' hotpluggable='yes' order='2'/>\n  </vcpus>\n" },
        { "iothreads-number", "<iothreads>2</iothreads>",
          "  <iothreads>2</iothreads>\n  <iothreadids>\n    <iothread id='1'/>\n    <iothread id='2'/>\n" },
        { "iothreads-both", "<iothreads>3</iothreads><iothreadids><iothread id='2'/></iothreadids>",
          "    <iothread id='2'/>\n    <iothread id='1'/>\n    <iothread id='3'/>\n" },
        { "iothreads-more",
          "<iothreads>1</iothreads><iothreadids><iothread id='7'/><iothread id='5'/></iothreadids>",
          "  <iothreads>2</iothreads>\n" },
        { "iothread-pool",
          "<iothreadids><iothread thread_pool_max='16' id='4' thread_pool_min='8'><poll shrink='3' grow='2' "
          "max='1'/></iothread></iothreadids>",
          "    <iothread id='4' thread_pool_min='8' thread_pool_max='16'>\n"
          "      <poll max='1' grow='2' shrink='3'/>\n" },
        { "iothreads-none", "<iothreads>0</iothreads>", "!<iothread" },
        { "default-iothread", "<defaultiothread thread_pool_min='1'/>",
          "  <defaultiothread thread_pool_min='1'/>\n" },
        { "cputune",
          "<vcpu>2</vcpu><cputune><emulatorsched scheduler='idle' priority='3'/><vcpusched vcpus='0-1' "
          "scheduler='fifo' priority='9'/><emulatorpin cpuset='1'/><vcpupin vcpu='1' cpuset='0,1'/><vcpupin "
          "vcpu='0' cpuset='2'/><quota>-1</quota><period>1000</period><shares>5</shares></cputune>",
          "  <cputune>\n    <shares>5</shares>\n    <period>1000</period>\n    <quota>-1</quota>\n"
          "    <vcpupin vcpu='1' cpuset='0-1'/>\n    <vcpupin vcpu='0' cpuset='2'/>\n"
          "    <emulatorpin cpuset='1'/>\n"
          "    <vcpusched vcpus='0-1' scheduler='fifo' priority='9'/>\n"
          "    <emulatorsched scheduler='idle'/>\n  </cputune>\n" },
        { "cputune-cache",
          "<vcpu>2</vcpu><cputune><memorytune vcpus='0'><node bandwidth='60' id='0'/></memorytune><cachetune "
          "vcpus='0-1'><monitor level='3' vcpus='1'/><cache id='0' level='3' type='both' size='3' "
          "unit='MiB'/></cachetune></cputune>",
          "    <cachetune vcpus='0-1'>\n      <cache id='0' level='3' type='both' size='3072' unit='KiB'/>\n"
          "      <monitor level='3' vcpus='1'/>\n    </cachetune>\n    <memorytune vcpus='0'>\n"
          "      <node id='0' bandwidth='60'/>\n    </memorytune>\n" },
        { "memtune", "<memtune><soft_limit unit='MiB'>1</soft_limit><hard_limit>5</hard_limit></memtune>",
          "  <memtune>\n    <hard_limit unit='KiB'>5</hard_limit>\n    <soft_limit "
          "unit='KiB'>1024</soft_limit>\n" },
        { "blkiotune",
          "<blkiotune><device><weight>100</weight><path>/dev/a</path><read_bytes_sec>1</read_bytes_sec></"
          "device>"
          "<weight>500</weight></blkiotune>",
          "  <blkiotune>\n    <weight>500</weight>\n    <device>\n      <path>/dev/a</path>\n"
          "      <weight>100</weight>\n      <read_bytes_sec>1</read_bytes_sec>\n" },
        { "numatune",
          TWO_CELLS "<numatune><memory nodeset='0'/><memnode cellid='1' mode='preferred' "
                    "nodeset='0-1'/></numatune>",
          "  <numatune>\n    <memory mode='strict' nodeset='0'/>\n"
          "    <memnode cellid='1' mode='preferred' nodeset='0-1'/>\n" },
        { "numatune-auto", "<numatune><memory mode='interleave' nodeset='1' placement='auto'/></numatune>",
          "    <memory mode='interleave' placement='auto'/>\n" },
        { "resource", "<resource><fibrechannel appid='a'/><partition>/p</partition></resource>",
          "  <resource>\n    <partition>/p</partition>\n    <fibrechannel appid='a'/>\n" },
        { "perf", "<perf><event name='cmt' enabled='yes'/></perf>",
          "    <event name='cmt' enabled='yes'/>\n" },
        { "backing",
          "<memoryBacking><discard/><allocation threads='8' mode='immediate'/><access mode='shared'/><source "
          "type='memfd'/><locked/><nosharepages/><hugepages><page unit='MiB' size='2' "
          "nodeset='0'/></hugepages></memoryBacking>",
          "  <memoryBacking>\n    <hugepages>\n      <page size='2048' unit='KiB'/>\n    </hugepages>\n"
          "    <nosharepages/>\n    <locked/>\n    <source type='memfd'/>\n    <access mode='shared'/>\n"
          "    <allocation mode='immediate' threads='8'/>\n    <discard/>\n  </memoryBacking>\n" },
        { "backing-none", "<memoryBacking/>", "!<memoryBacking" },
        { "memory-of-cells", TWO_CELLS "<currentMemory>9999</currentMemory>",
          "  <memory unit='KiB'>4096</memory>\n  <currentMemory unit='KiB'>4096</currentMemory>\n" },
        { "max-memory", TWO_CELLS "<maxMemory slots='3' unit='MiB'>10</maxMemory>",
          "  <maxMemory slots='3' unit='KiB'>10240</maxMemory>\n  <memory unit='KiB'>4096</memory>\n" },
        { "on-crash", "<on_crash>coredump-restart</on_crash>", "  <on_crash>coredump-restart</on_crash>\n" },
        { "on-lockfailure", "<on_lockfailure>pause</on_lockfailure>",
          "  <on_crash>destroy</on_crash>\n  <on_lockfailure>pause</on_lockfailure>\n" },
        { "genid", "<genid>43DC0CF8-809b-4adb-9bea-a9abb5f3d90e</genid>",
          "  <genid>43dc0cf8-809b-4adb-9bea-a9abb5f3d90e</genid>\n" },
        { "genid-made", "<genid/>", "  <genid>" },
        { "sysinfo",
          OS("<smbios mode='sysinfo'/>") "<sysinfo type='smbios'><oemStrings><entry>a, b</entry><entry> c "
                                         "</entry></oemStrings><system><entry name='serial'>1</entry><entry "
                                         "name='manufacturer'>m</entry></system><bios><entry "
                                         "name='date'>12/31/2020</entry></bios></sysinfo>",
          "  <sysinfo type='smbios'>\n    <bios>\n      <entry name='date'>12/31/2020</entry>\n    </bios>\n"
          "    <system>\n      <entry name='manufacturer'>m</entry>\n      <entry name='serial'>1</entry>\n"
          "    </system>\n    <oemStrings>\n      <entry>a, b</entry>\n      <entry> c </entry>\n" },
        { "sysinfo-uuid",
          "<sysinfo type='smbios'><system><entry "
          "name='uuid'>43dc0cf8-809b-4adb-9bea-a9abb5f3d90e</entry></system></sysinfo>",
          "  <uuid>43dc0cf8-809b-4adb-9bea-a9abb5f3d90e</uuid>\n" },
        { "fwcfg",
          "<sysinfo type='fwcfg'><entry name='opt/org.example/a'>b,c</entry><entry file='/f' "
          "name='opt/d'/></sysinfo>",
          "    <entry name='opt/org.example/a'>b,c</entry>\n    <entry name='opt/d' file='/f'/>\n" },
};

static const RefusedPart refused[] = {
        { "vcpus-order",
          "<vcpu>3</vcpu><vcpus><vcpu id='0' enabled='yes' hotpluggable='no'/><vcpu id='1' "
          "enabled='no'/><vcpu "
          "id='2' enabled='yes' hotpluggable='no'/></vcpus>",
          "id='2' is not hotpluggable and comes after one that is" },
        { "vcpus-one-order",
          "<vcpu>2</vcpu><vcpus><vcpu id='0' enabled='yes' hotpluggable='no'/><vcpu id='1' enabled='yes' "
          "hotpluggable='yes' order='2'/></vcpus>",
          "<vcpu>: either all processors that are on have an order, or none" },
        { "vcpus-late-first",
          "<vcpu>2</vcpu><vcpus><vcpu id='0' enabled='yes' hotpluggable='no' order='2'/><vcpu id='1' "
          "enabled='yes' hotpluggable='yes' order='1'/></vcpus>",
          "<vcpu>: order='1' comes before that of the processor 0" },
        { "cputune-shares-low", "<cputune><shares>1</shares></cputune>",
          "<shares>: '1' is not a number from 2" },
        { "vcpu-cpuset", "<vcpu cpuset='a'>1</vcpu>", "line 4: <vcpu>: cpuset='a'" },
        { "vcpus-first", "<vcpu>2</vcpu><vcpus><vcpu id='0' enabled='no'/></vcpus>",
          "processor 0 cannot be off" },
        { "vcpus-high", "<vcpu>2</vcpu><vcpus><vcpu id='2' enabled='yes'/></vcpus>", "id='2'" },
        { "vcpus-cold", "<vcpu>2</vcpu><vcpus><vcpu id='1' enabled='no' hotpluggable='no'/></vcpus>",
          "a processor that is off is hotpluggable" },
        { "iothread-zero", "<iothreadids><iothread id='0'/></iothreadids>", "<iothread>: id='0'" },
        { "iothread-twice", "<iothreadids><iothread id='1'/><iothread id='1'/></iothreadids>",
          "given twice" },
        { "iothread-pool",
          "<iothreadids><iothread id='1' thread_pool_min='9' thread_pool_max='3'/></iothreadids>",
          "thread_pool_min" },
        { "iothreads-word", "<iothreads>some</iothreads>", "<iothreads>: 'some'" },
        { "cputune-quota", "<cputune><quota>5</quota></cputune>", "a quota is -1" },
        { "cputune-period", "<cputune><period>5</period></cputune>", "<period>: '5'" },
        { "cputune-pin-twice",
          "<cputune><vcpupin vcpu='0' cpuset='0'/><vcpupin vcpu='0' cpuset='1'/></cputune>",
          "vcpu='0' is given twice" },
        { "cputune-schedule-vcpu", "<cputune><vcpusched vcpus='0-900' scheduler='batch'/></cputune>",
          "line 4: <vcpusched>: vcpus='0-900': the guest has no processor '" },
        { "cputune-schedule-iothread",
          "<iothreads>1</iothreads><cputune><iothreadsched iothreads='1-2' scheduler='batch'/></cputune>",
          "<iothreadsched>: iothreads='1-2': <iothreads> and <iothreadids> have no thread '2'" },
        { "cputune-schedule-twice",
          "<iothreads>2</iothreads><cputune><iothreadsched iothreads='1-2' scheduler='batch'/>"
          "<iothreadsched iothreads='2' scheduler='idle'/></cputune>",
          "iothreads='2' has some that another one has" },
        { "cputune-iothread-pin",
          "<iothreads>1</iothreads><cputune><iothreadpin iothread='2' cpuset='0'/></cputune>",
          "have no thread '2'" },
        { "cputune-iothread-pin-twice",
          "<iothreads>1</iothreads><cputune><iothreadpin iothread='1' cpuset='0'/><iothreadpin iothread='1' "
          "cpuset='0'/></cputune>",
          "iothread='1' is given twice" },
        { "cputune-priority", "<cputune><vcpusched vcpus='0' scheduler='fifo'/></cputune>",
          "'priority' is missing" },
        { "memtune-guarantee", "<memtune><min_guarantee>5</min_guarantee></memtune>", "<min_guarantee>" },
        { "blkiotune-path", "<blkiotune><device><weight>1</weight></device></blkiotune>",
          "<path> is missing" },
        { "numatune-nodeset", "<numatune><memory mode='strict'/></numatune>", "'nodeset' is missing" },
        { "numatune-cell", "<numatune><memnode cellid='0' mode='strict' nodeset='0'/></numatune>",
          "no <cell> with id='0'" },
        { "backing-page",
          "<memoryBacking><hugepages><page size='12' unit='KiB'/></hugepages></memoryBacking>",
          "no power of 2" },
        { "backing-nodeset",
          "<memoryBacking><hugepages><page size='2' unit='MiB' nodeset='1'/></hugepages></memoryBacking>",
          "nodeset='1'" },
        { "backing-source", "<memoryBacking><source type='disk'/></memoryBacking>", "type='disk'" },
        { "max-memory-nodes", "<maxMemory slots='3' unit='GiB'>10</maxMemory>", "needs a <cell>" },
        { "max-memory-less", TWO_CELLS "<maxMemory slots='3'>1024</maxMemory>", "less than <memory>" },
        { "max-memory-slots", TWO_CELLS "<maxMemory unit='GiB'>1</maxMemory>", "'slots' is missing" },
        { "on-reboot", "<on_reboot>coredump-destroy</on_reboot>", "'coredump-destroy' is not for this" },
        { "on-crash", "<on_crash>rename-restart</on_crash>", "'rename-restart' is not for this" },
        { "on-lockfailure", "<on_lockfailure>weep</on_lockfailure>", "'weep'" },
        { "genid", "<genid>x</genid>", "<genid>: this is not 32" },
        { "perf", "<perf><event name='luck' enabled='yes'/></perf>", "name='luck'" },
        { "launch-security", "<launchSecurity type='sev'><policy>1</policy></launchSecurity>",
          "line 4: <launchSecurity>: type='sev'" },
        { "launch-security-type", "<launchSecurity type='lock'/>", "type='lock' is not known" },
        { "keywrap", "<keywrap><cipher name='aes' state='on'/></keywrap>", "cannot wrap keys" },
        { "sysinfo-missing", OS("<smbios mode='sysinfo'/>"), "there is no <sysinfo" },
        { "sysinfo-host", OS("<smbios mode='host'/>"), "<smbios mode='host'>" },
        { "sysinfo-entry", "<sysinfo type='smbios'><bios>\n<entry name='colour'>x</entry></bios></sysinfo>",
          "line 5: <entry>: name='colour' is not known in <bios>" },
        { "sysinfo-date",
          "<sysinfo type='smbios'><bios><entry name='date'>2020-12-31</entry></bios></sysinfo>",
          "'2020-12-31' is no date" },
        { "fwcfg-name", "<sysinfo type='fwcfg'><entry name='etc/a'>x</entry></sysinfo>", "name='etc/a'" },
        { "fwcfg-reserved", "<sysinfo type='fwcfg'><entry name='opt/ovmf/a'>x</entry></sysinfo>",
          "firmware's own" },
        { "fwcfg-both", "<sysinfo type='fwcfg'><entry name='opt/a' file='/b'>x</entry></sysinfo>", "either" },
        { "sysinfo-twice", "<sysinfo type='smbios'/>\n<sysinfo type='smbios'/>",
          "line 5: <sysinfo>: there is another" },
};

int main(int argc, char **argv)
{
        g_test_init(&argc, &argv, NULL);
        add_accepted_parts("host", accepted, G_N_ELEMENTS(accepted));
        add_refused_parts("host", refused, G_N_ELEMENTS(refused));
        return g_test_run();
}
