/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "measure.h"

#include <errno.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

void die(const char *format, ...)
{
        va_list ap;

        va_start(ap, format);
        vfprintf(stderr, format, ap);
        va_end(ap);
        fputc('\n', stderr);
        exit(1);
}

static double clock_usec(clockid_t clock)
{
        struct timespec ts;

        clock_gettime(clock, &ts);
        return (double) ts.tv_sec * 1e6 + (double) ts.tv_nsec / 1e3;
}

double now_usec(void)
{
        return clock_usec(CLOCK_MONOTONIC);
}

double realtime_usec(void)
{
        return clock_usec(CLOCK_REALTIME);
}

void series_add(Series *series, double value)
{
        if (series->n == series->allocated) {
                series->allocated = series->allocated ? 2 * series->allocated : 1024;
                series->values = realloc(series->values, series->allocated * sizeof *series->values);
                if (!series->values)
                        die("out of memory");
        }
        series->values[series->n++] = value;
}

static int compare(const void *a, const void *b)
{
        double x = *(const double *) a, y = *(const double *) b;

        return (x > y) - (x < y);
}

double series_at(Series *series, double part)
{
        if (series->n == 0)
                die("nothing was measured for %s", series->name);
        qsort(series->values, series->n, sizeof *series->values, compare);
        return series->values[(size_t) (part * (double) (series->n - 1))];
}

double series_median(Series *series)
{
        return series_at(series, 0.5);
}

void series_print(Series *series)
{
        printf("%s %.1f %.1f %.1f\n", series->name, series_median(series), series_at(series, 0.99),
               series_at(series, 1));
        free(series->values);
        *series = (Series){ .name = series->name };
}

sd_bus *bus_open(const char *address)
{
        sd_bus *bus = NULL;
        int r;

        if ((r = sd_bus_new(&bus)) < 0 || (r = sd_bus_set_address(bus, address)) < 0 ||
            (r = sd_bus_set_bus_client(bus, true)) < 0 || (r = sd_bus_start(bus)) < 0)
                die("cannot connect to %s: %s", address, strerror(-r));
        return bus;
}

static double call(sd_bus *bus, const char *path, const char *interface, const char *method, const char *types,
                   va_list ap)
{
        sd_bus_error error = SD_BUS_ERROR_NULL;
        sd_bus_message *message = NULL, *reply = NULL;
        double begin, end;
        int r;

        r = sd_bus_message_new_method_call(bus, &message, SERVICE, path, interface, method);
        if (r >= 0 && types)
                r = sd_bus_message_appendv(message, types, ap);
        if (r < 0)
                die("cannot make a call of %s: %s", method, strerror(-r));
        begin = now_usec();
        r = sd_bus_call(bus, message, 300 * 1000000ULL, &error, &reply);
        end = now_usec();
        if (r < 0)
                die("%s failed: %s", method, error.message ? error.message : strerror(-r));
        sd_bus_message_unref(reply);
        sd_bus_message_unref(message);
        sd_bus_error_free(&error);
        return end - begin;
}

double bus_time(sd_bus *bus, const char *path, const char *interface, const char *method, const char *types, ...)
{
        double taken;
        va_list ap;

        va_start(ap, types);
        taken = call(bus, path, interface, method, types, ap);
        va_end(ap);
        return taken;
}

void bus_do(sd_bus *bus, const char *path, const char *interface, const char *method, const char *types, ...)
{
        va_list ap;

        va_start(ap, types);
        (void) call(bus, path, interface, method, types, ap);
        va_end(ap);
}

char *read_file(const char *path)
{
        FILE *file = fopen(path, "re");
        struct stat st;
        char *text;

        if (!file || fstat(fileno(file), &st) < 0)
                die("cannot read %s: %s", path, strerror(errno));
        text = calloc((size_t) st.st_size + 1, 1);
        if (!text || fread(text, 1, (size_t) st.st_size, file) != (size_t) st.st_size)
                die("cannot read %s", path);
        fclose(file);
        return text;
}
