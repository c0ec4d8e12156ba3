#include "base/bignum.h"

#include <assert.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"

static void reserve(struct bignum *a, size_t n)
{
    if (n <= a->cap)
        return;
    if (n <= BIGNUM_OWN_LIMBS) {
        a->limb = a->own;
        a->cap = BIGNUM_OWN_LIMBS;
        return;
    }
    a->cap = n + n / 2;
    uint64_t *old = a->limb == a->own ? NULL : a->limb;
    uint64_t *limb = memory_realloc(old, a->cap * sizeof limb[0]);
    if (old == NULL && a->n > 0)
        memcpy(limb, a->own, a->n * sizeof limb[0]);
    a->limb = limb;
}

static void trim(struct bignum *a)
{
    while (a->n > 0 && a->limb[a->n - 1] == 0)
        a->n--;
}

void bignum_free(struct bignum *a)
{
    if (a->limb != a->own)
        free(a->limb);
    a->limb = NULL;
    a->n = a->cap = 0;
}

void bignum_set(struct bignum *a, u128 value)
{
    reserve(a, 2);
    a->limb[0] = (uint64_t)value;
    a->limb[1] = (uint64_t)(value >> 64);
    a->n = 2;
    trim(a);
}

void bignum_copy(struct bignum *to, const struct bignum *from)
{
    reserve(to, from->n);
    if (from->n > 0)
        memcpy(to->limb, from->limb, from->n * sizeof from->limb[0]);
    to->n = from->n;
}

size_t bignum_bits(const struct bignum *a)
{
    return a->n == 0 ? 0 : a->n * 64 - (size_t)__builtin_clzll(a->limb[a->n - 1]);
}

int bignum_compare(const struct bignum *a, const struct bignum *b)
{
    if (a->n != b->n)
        return a->n < b->n ? -1 : 1;
    for (size_t i = a->n; i-- > 0;)
        if (a->limb[i] != b->limb[i])
            return a->limb[i] < b->limb[i] ? -1 : 1;
    return 0;
}

u128 bignum_low(const struct bignum *a)
{
    u128 low = a->n > 0 ? a->limb[0] : 0;
    return a->n > 1 ? low | (u128)a->limb[1] << 64 : low;
}

void bignum_mul_add(struct bignum *a, uint64_t factor, uint64_t term)
{
    uint64_t carry = term;
    for (size_t i = 0; i < a->n; i++) {
        u128 t = (u128)a->limb[i] * factor + carry;
        a->limb[i] = (uint64_t)t;
        carry = (uint64_t)(t >> 64);
    }
    if (carry != 0) {
        reserve(a, a->n + 1);
        a->limb[a->n++] = carry;
    }
    trim(a);
}

void bignum_mul_pow10(struct bignum *a, unsigned k)
{
    reserve(a, a->n + k / POW10_U64 + 1);
    for (; k > POW10_U64; k -= POW10_U64)
        bignum_mul_add(a, pow10_u64[POW10_U64], 0);
    bignum_mul_add(a, pow10_u64[k], 0);
}

void bignum_shift_left(struct bignum *a, size_t bits)
{
    size_t limbs = bits / 64;
    unsigned rest = (unsigned)(bits % 64);
    if (a->n == 0 || bits == 0)
        return;
    reserve(a, a->n + limbs + 1);
    uint64_t above = 0;
    for (size_t i = a->n; i-- > 0;) {
        uint64_t limb = a->limb[i];
        if (rest != 0)
            above |= limb >> (64 - rest);
        a->limb[i + limbs + 1] = above;
        above = limb << rest;
    }
    a->limb[limbs] = above;
    memset(a->limb, 0, limbs * sizeof a->limb[0]);
    a->n += limbs + 1;
    trim(a);
}

void bignum_add(struct bignum *a, const struct bignum *b)
{
    size_t n = a->n > b->n ? a->n : b->n;
    reserve(a, n + 1);
    memset(a->limb + a->n, 0, (n + 1 - a->n) * sizeof a->limb[0]);
    uint64_t carry = 0;
    for (size_t i = 0; i < n; i++) {
        u128 t = (u128)a->limb[i] + (i < b->n ? b->limb[i] : 0) + carry;
        a->limb[i] = (uint64_t)t;
        carry = (uint64_t)(t >> 64);
    }
    a->limb[n] = carry;
    a->n = n + 1;
    trim(a);
}

void bignum_sub(struct bignum *a, const struct bignum *b)
{
    uint64_t borrow = 0;
    for (size_t i = 0; i < a->n; i++) {
        u128 t = (u128)a->limb[i] - (i < b->n ? b->limb[i] : 0) - borrow;
        a->limb[i] = (uint64_t)t;
        borrow = (uint64_t)(t >> 64) & 1;
    }
    trim(a);
}

void bignum_mul(struct bignum *product, const struct bignum *a, const struct bignum *b)
{
    size_t n = a->n + b->n;
    reserve(product, n);
    product->n = n;
    if (n > 0)
        memset(product->limb, 0, n * sizeof product->limb[0]);
    for (size_t i = 0; i < a->n; i++) {
        uint64_t carry = 0;
        for (size_t j = 0; j < b->n; j++) {
            u128 t = (u128)a->limb[i] * b->limb[j] + product->limb[i + j] + carry;
            product->limb[i + j] = (uint64_t)t;
            carry = (uint64_t)(t >> 64);
        }
        product->limb[i + b->n] = carry;
    }
    trim(product);
}

uint64_t bignum_div_u64(struct bignum *a, uint64_t divisor)
{
    uint64_t rest = 0;
    for (size_t i = a->n; i-- > 0;) {
        u128 t = (u128)rest << 64 | a->limb[i];
        a->limb[i] = (uint64_t)(t / divisor);
        rest = (uint64_t)(t % divisor);
    }
    trim(a);
    return rest;
}

/* One digit of the quotient of u[0..n] by v[0..n); u becomes the rest. v's highest bit is set. */
static uint64_t divide_step(uint64_t *u, const uint64_t *v, size_t n)
{
    u128 top = (u128)u[n] << 64 | u[n - 1];
    u128 guess = top / v[n - 1], rest = top % v[n - 1];
    while (guess >> 64 != 0 || (rest >> 64 == 0 && guess * v[n - 2] > (rest << 64 | u[n - 2]))) {
        guess--;
        rest += v[n - 1];
    }
    uint64_t digit = (uint64_t)guess, carry = 0, borrow = 0;
    for (size_t i = 0; i < n; i++) {
        u128 t = (u128)digit * v[i] + carry;
        carry = (uint64_t)(t >> 64);
        u128 d = (u128)u[i] - (uint64_t)t - borrow;
        u[i] = (uint64_t)d;
        borrow = (uint64_t)(d >> 64) & 1;
    }
    u128 d = (u128)u[n] - carry - borrow;
    u[n] = (uint64_t)d;
    if (d >> 64 == 0)
        return digit;
    /* One too many (rarely): add v back. */
    carry = 0;
    for (size_t i = 0; i < n; i++) {
        u128 t = (u128)u[i] + v[i] + carry;
        u[i] = (uint64_t)t;
        carry = (uint64_t)(t >> 64);
    }
    u[n] += carry;
    return digit - 1;
}

static void shift_right(struct bignum *a, unsigned bits) /* bits < 64 */
{
    for (size_t i = 0; bits != 0 && i < a->n; i++) {
        uint64_t above = i + 1 < a->n ? a->limb[i + 1] << (64 - bits) : 0;
        a->limb[i] = a->limb[i] >> bits | above;
    }
    trim(a);
}

void bignum_divide(struct bignum *quotient, struct bignum *remainder, const struct bignum *a,
                   const struct bignum *b)
{
    assert(b->n > 0);
    if (b->n == 1) {
        bignum_copy(quotient, a);
        bignum_set(remainder, bignum_div_u64(quotient, b->limb[0]));
        return;
    }
    bignum_copy(remainder, a);
    quotient->n = 0;
    if (bignum_compare(a, b) < 0)
        return;
    unsigned shift = (unsigned)__builtin_clzll(b->limb[b->n - 1]);
    struct bignum divisor = {0};
    bignum_copy(&divisor, b);
    bignum_shift_left(&divisor, shift);
    bignum_shift_left(remainder, shift);
    reserve(remainder, a->n + 1);
    memset(remainder->limb + remainder->n, 0,
           (a->n + 1 - remainder->n) * sizeof remainder->limb[0]);
    size_t digits = a->n - b->n + 1;
    reserve(quotient, digits);
    quotient->n = digits;
    for (size_t i = digits; i-- > 0;)
        quotient->limb[i] = divide_step(remainder->limb + i, divisor.limb, b->n);
    trim(quotient);
    remainder->n = b->n;
    trim(remainder);
    shift_right(remainder, shift);
    bignum_free(&divisor);
}

/* Not below the root of a, and above it by little more than the precision of a double. */
static void guess_sqrt(struct bignum *root, const struct bignum *a)
{
    size_t bits = bignum_bits(a), drop = bits > 64 ? (bits - 64 + 1) / 2 * 2 : 0;
    uint64_t high = a->limb[drop / 64] >> drop % 64;
    if (drop % 64 != 0 && drop / 64 + 1 < a->n)
        high |= a->limb[drop / 64 + 1] << (64 - drop % 64);
    /* 55 bits of the root; what a double rounds off is less than 16 of their last. */
    bignum_set(root, (uint64_t)(sqrt((double)high) * 0x1p23) + 16);
    if (drop / 2 >= 23)
        bignum_shift_left(root, drop / 2 - 23);
    else
        shift_right(root, (unsigned)(23 - drop / 2));
    bignum_mul_add(root, 1, 1);
}

bool bignum_sqrt(struct bignum *root, const struct bignum *a)
{
    root->n = 0;
    if (a->n == 0)
        return true;
    struct bignum quotient = {0}, remainder = {0};
    /* Newton's method from above: it falls until it has reached the floor of the root. */
    guess_sqrt(root, a);
    for (;;) {
        bignum_divide(&quotient, &remainder, a, root);
        if (bignum_compare(&quotient, root) >= 0)
            break;
        bignum_add(root, &quotient);
        shift_right(root, 1);
    }
    bool exact = bignum_compare(&quotient, root) == 0 && remainder.n == 0;
    bignum_free(&quotient);
    bignum_free(&remainder);
    return exact;
}
