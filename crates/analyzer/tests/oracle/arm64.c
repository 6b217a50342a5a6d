// Functions of many shapes of frames, compiled for ARM64 Windows: oracle/origin.md.
#include <stdarg.h>
typedef unsigned long long u64;
#define ALONE __attribute__((noinline))

u64 sink;
ALONE void use(void *p) { sink += *(unsigned char *)p; }
ALONE u64 leaf(u64 a) { return a * 3 + 1; }
ALONE u64 one(u64 a) { return leaf(a) + a; }
ALONE u64 two(u64 a, u64 b) { u64 x = leaf(a), y = one(b); return x * y + a - b; }
ALONE u64 array(u64 a) {
    volatile char buf[48];
    for (int i = 0; i < 48; i++) buf[i] = (char)(a + i);
    use((void *)buf);
    return buf[a % 48] + one(a);
}
ALONE u64 many(u64 a, u64 b, u64 c, u64 d, u64 e, u64 f, u64 g, u64 h) {
    u64 s = 0;
    for (u64 i = 0; i < 2; i++) {
        s += leaf(a) + leaf(b) * leaf(c) - leaf(d) ^ leaf(e) + leaf(f) + leaf(g) + leaf(h);
        a += s; b ^= a; c -= b; d += c; e ^= d; f += e; g -= f; h += g;
    }
    return s;
}
ALONE double floats(double a, double b, double c, u64 n) {
    double s = a;
    for (u64 i = 0; i < n; i++) { s = s * b + c; c += (double)leaf(i); b -= a * s; a += s; use(&n); }
    return s + a * b - c;
}
ALONE u64 dynamic(u64 n) {
    char *p = __builtin_alloca(n + 16);
    use(p);
    for (u64 i = 0; i < n; i++) p[i] = (char)i;
    return leaf(p[n / 2]) + many(n, 1, 2, 3, 4, 5, 6, 7);
}
ALONE u64 several_ends(u64 a) {
    if (a == 1) return 5;
    if (a == 2) return one(a) + 1;
    u64 r = two(a, 3);
    if (r & 1) return r + leaf(a);
    return dynamic(a % 16) + r;
}
ALONE u64 variadic(u64 n, ...) {
    va_list l;
    va_start(l, n);
    u64 s = 0;
    for (u64 i = 0; i < n; i++) s += leaf(va_arg(l, u64));
    va_end(l);
    return s;
}
u64 start(u64 a) {
    return several_ends(a) + array(a) + variadic(3, a, a + 1, a + 2) + (u64)floats(1.0, 2.0, 3.0, a % 3) + dynamic(a % 20);
}
int _fltused;
