/**
 * Power series as processes, after M. Douglas McIlroy, "Squinting at Power Series"
 * (1990), which Go's test suite has too. A series is a job that computes its next
 * coefficient when somebody asks for it: a channel of requests and a channel of
 * rational numbers. Series defined by themselves, such as exp, work because a
 * coefficient is asked for only when it is needed.
 *
 * Below F = f + x·F' with f the first coefficient and F' the rest.
 */
import assert from "node:assert/strict";
import { describe, it } from "node:test";

import { channel, type Channel } from "#skein/async/channel";
import { mutex } from "#skein/async/mutex";
import { select } from "#skein/async/select";
import { type Scope, scope } from "skein";

interface Rational {
  readonly over: bigint;
  readonly under: bigint;
}

function rational(over: bigint | number, under: bigint | number = 1): Rational {
  const [a, b] = [BigInt(over), BigInt(under)];
  let [greater, lesser] = [a < 0n ? -a : a, b < 0n ? -b : b];
  while (lesser > 0n) [greater, lesser] = [lesser, greater % lesser];
  const divisor = b < 0n ? -greater : greater;
  return { over: a / divisor, under: b / divisor };
}

const ZERO = rational(0);
const ONE = rational(1);
const plus = (a: Rational, b: Rational): Rational => rational(a.over * b.under + b.over * a.under, a.under * b.under);
const times = (a: Rational, b: Rational): Rational => rational(a.over * b.over, a.under * b.under);
const inverse = (a: Rational): Rational => rational(a.under, a.over);
const negated = (a: Rational): Rational => rational(-a.over, a.under);

interface Series {
  readonly requests: Channel<void>;
  readonly coefficients: Channel<Rational>;
}

/** Gives out coefficients, one a request; `put` waits for the request. */
type Body = (put: (coefficient: Rational | (() => Promise<Rational>)) => Promise<void>) => Promise<void>;

class Calculus {
  readonly #scope: Scope;

  constructor(s: Scope) {
    this.#scope = s;
  }

  #empty(): Series {
    return { requests: channel<void>(0, this.#scope), coefficients: channel<Rational>(0, this.#scope) };
  }

  #series(body: Body, made: Series = this.#empty()): Series {
    this.#scope.spawn(() =>
      body(async (coefficient) => {
        await made.requests.receive();
        await made.coefficients.send(typeof coefficient === "function" ? await coefficient() : coefficient);
      }),
    );
    return made;
  }

  async get(from: Series): Promise<Rational> {
    await from.requests.send();
    return from.coefficients.receive();
  }

  async first(count: number, from: Series): Promise<string[]> {
    const texts: string[] = [];
    for (let i = 0; i < count; i++) {
      const { over, under } = await this.get(from);
      texts.push(under === 1n ? `${over}` : `${over}/${under}`);
    }
    return texts;
  }

  /** The same series for two users, who may ask in any order: whoever is ahead asks, and keeps a copy for the other. */
  split(from: Series): [Series, Series] {
    const turn = mutex();
    const kept = [channel<Rational>(Infinity, this.#scope), channel<Rational>(Infinity, this.#scope)] as const;
    const user = (mine: Channel<Rational>, others: Channel<Rational>): Series =>
      this.#series(async (put) => {
        const next = async (): Promise<Rational> => {
          const won = await select({ kept: mine.receiving(), turn: turn.locking() }, this.#scope, { biased: true });
          if (won.case === "kept") return won.value.value as Rational;
          using _ = won.value;
          const coefficient = await this.get(from);
          others.trySend(coefficient);
          return coefficient;
        };
        for (;;) await put(next);
      });
    return [user(kept[0], kept[1]), user(kept[1], kept[0])];
  }

  /** A series that is defined by itself: `define` is given its own result. */
  #recursive(define: (self: Series) => Series): Series {
    const self = this.#empty();
    const [result, again] = this.split(define(self));
    this.#copy(again, self);
    return result;
  }

  /** `to` gives what `from` gives. */
  #copy(from: Series, to: Series): void {
    this.#series(async (put) => {
      for (;;) await put(() => this.get(from));
    }, to);
  }

  constant(value: Rational): Series {
    return this.#series(async (put) => {
      await put(value);
      for (;;) await put(ZERO);
    });
  }

  /** 1, 1, 1, …: 1/(1-x). */
  ones(): Series {
    return this.#series(async (put) => {
      for (;;) await put(ONE);
    });
  }

  x(): Series {
    return this.shift(ZERO, this.constant(ONE));
  }

  /** c + x·F */
  shift(c: Rational, f: Series): Series {
    return this.#series(async (put) => {
      await put(c);
      for (;;) await put(() => this.get(f));
    });
  }

  add(f: Series, g: Series): Series {
    return this.#series(async (put) => {
      for (;;) await put(async () => plus(await this.get(f), await this.get(g)));
    });
  }

  scale(c: Rational, f: Series): Series {
    return this.#series(async (put) => {
      for (;;) await put(async () => times(c, await this.get(f)));
    });
  }

  /** F·G = f·g + x·(f·G' + g·F' + x·F'·G') */
  multiply(f: Series, g: Series): Series {
    return this.#series(async (put) => {
      let rest: Series | undefined;
      await put(async () => {
        const [f0, g0] = [await this.get(f), await this.get(g)];
        const [f1, f2] = this.split(f);
        const [g1, g2] = this.split(g);
        rest = this.add(this.add(this.scale(f0, g1), this.scale(g0, f1)), this.shift(ZERO, this.multiply(f2, g2)));
        return times(f0, g0);
      });
      for (;;) await put(() => this.get(rest as Series));
    });
  }

  /** F(G) = f + x·G'·F'(G), for a G without constant. */
  substitute(f: Series, g: Series): Series {
    return this.#series(async (put) => {
      let rest: Series | undefined;
      await put(async () => {
        const f0 = await this.get(f);
        const [outer, inner] = this.split(g);
        assert.deepEqual(await this.get(outer), ZERO);
        rest = this.multiply(outer, this.substitute(f, inner));
        return f0;
      });
      for (;;) await put(() => this.get(rest as Series));
    });
  }

  /** 1/F = R with r = 1/f and R' = -r·F'·R */
  reciprocal(f: Series): Series {
    return this.#recursive((self) =>
      this.#series(async (put) => {
        let rest: Series | undefined;
        await put(async () => {
          const r = inverse(await this.get(f));
          rest = this.scale(negated(r), this.multiply(f, self));
          return r;
        });
        for (;;) await put(() => this.get(rest as Series));
      }),
    );
  }

  differentiate(f: Series): Series {
    return this.#series(async (put) => {
      let power = 0;
      for (;;) {
        await put(async () => {
          if (power === 0) await this.get(f);
          return times(rational(++power), await this.get(f));
        });
      }
    });
  }

  integrate(constant: Rational, f: Series): Series {
    return this.#series(async (put) => {
      await put(constant);
      for (let power = 1; ; power++) await put(async () => times(rational(1, power), await this.get(f)));
    });
  }

  /** exp(F) = X with X' = F'·X (derivatives), for an F without constant. */
  exp(f: Series): Series {
    return this.#recursive((self) => this.integrate(ONE, this.multiply(self, this.differentiate(f))));
  }

  /** The R with F(R) = x, for an F without constant: R = x/F'(R). */
  revert(f: Series): Series {
    return this.#recursive((self) =>
      this.#series(async (put) => {
        let rest: Series | undefined;
        await put(async () => {
          assert.deepEqual(await this.get(f), ZERO);
          rest = this.reciprocal(this.substitute(f, self));
          return ZERO;
        });
        for (;;) await put(() => this.get(rest as Series));
      }),
    );
  }
}

/** The first coefficients of what `define` gives, as text; all jobs end after that. */
function coefficients(count: number, define: (calculus: Calculus) => Series): Promise<string> {
  return scope(async (s) => {
    const calculus = new Calculus(s);
    const texts = await calculus.first(count, define(calculus));
    s.cancel("enough");
    return texts.join(" ");
  });
}

describe("power series as processes", () => {
  const cases: readonly [what: string, define: (calculus: Calculus) => Series, expected: string][] = [
    ["1/(1-x)", (c) => c.ones(), "1 1 1 1 1 1"],
    ["sum", (c) => c.add(c.ones(), c.x()), "1 2 1 1 1 1"],
    ["product: 1/(1-x)²", (c) => c.multiply(c.ones(), c.ones()), "1 2 3 4 5 6 7 8"],
    ["derivative of 1/(1-x)", (c) => c.differentiate(c.ones()), "1 2 3 4 5 6"],
    ["integral: -log(1-x)", (c) => c.integrate(ZERO, c.ones()), "0 1 1/2 1/3 1/4 1/5"],
    ["reciprocal of 1/(1-x)", (c) => c.reciprocal(c.ones()), "1 -1 0 0 0 0"],
    ["substitution: 1/(1-x²)", (c) => c.substitute(c.ones(), c.shift(ZERO, c.x())), "1 0 1 0 1 0 1 0"],
    [
      "substitution: 1/(1-x-x²), Fibonacci",
      (c) => c.substitute(c.ones(), c.add(c.x(), c.shift(ZERO, c.x()))),
      "1 1 2 3 5 8 13 21",
    ],
    ["exp(x)", (c) => c.exp(c.x()), "1 1 1/2 1/6 1/24 1/120 1/720 1/5040 1/40320 1/362880"],
    ["exp(-log(1-x)) = 1/(1-x)", (c) => c.exp(c.integrate(ZERO, c.ones())), "1 1 1 1 1 1 1"],
    ["arctan(x)", (c) => arctan(c), "0 1 0 -1/3 0 1/5 0 -1/7"],
    ["tan(x), the reverse of arctan", (c) => c.revert(arctan(c)), "0 1 0 1/3 0 2/15 0 17/315"],
  ];

  /** The integral of 1/(1+x²) */
  function arctan(c: Calculus): Series {
    return c.integrate(ZERO, c.substitute(c.ones(), c.scale(rational(-1), c.shift(ZERO, c.x()))));
  }

  for (const [what, define, expected] of cases) {
    it(what, async () => assert.equal(await coefficients(expected.split(" ").length, define), expected));
  }
});
