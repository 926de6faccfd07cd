/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <stddef.h>
#include <stdint.h>
#include <systemd/sd-bus.h>

/* What the measuring programs share: a clock, medians, and calls that may not fail. Whatever goes wrong ends the
 * program with a message: a measure of something broken is worth nothing. */

#define SERVICE "org.virtbus1"
#define ROOT "/org/virtbus1"
#define MANAGER SERVICE ".Manager"
#define DOMAIN SERVICE ".Domain"

/* Numbers that were measured, in microseconds. */
typedef struct {
        const char *name;
        double *values;
        size_t n, allocated;
} Series;

_Noreturn void die(const char *format, ...) __attribute__((format(printf, 1, 2)));

double now_usec(void);      /* CLOCK_MONOTONIC */
double realtime_usec(void); /* CLOCK_REALTIME, as QMP's timestamps are */

void series_add(Series *series, double value);
double series_median(Series *series);
double series_at(Series *series, double part); /* 0.99: the value that 99 of 100 do not exceed */
/* Prints "NAME median p99 max" and frees the values. */
void series_print(Series *series);

sd_bus *bus_open(const char *address);
/* Calls, takes the time and throws the answer away. @types is sd-bus's; arguments follow. */
double bus_time(sd_bus *bus, const char *path, const char *interface, const char *method, const char *types, ...);
/* The same where only what it does matters. */
void bus_do(sd_bus *bus, const char *path, const char *interface, const char *method, const char *types, ...);

char *read_file(const char *path); /* all of it; the caller frees */
