/**
 * What recordings say of their sources of facts, in Russian. A recording holds it in
 * English; what is not known here, as from another version, stays so.
 */
import type { Capability } from "skein/trace";

import type { Language } from "./texts.js";

type Told = Pick<Capability, "gives" | "why" | "remedy">;

const GIVES: Readonly<Record<string, string>> = {
  threads: "каждый поток процесса, его номер и имя",
  schedstat: "время процессора каждого потока и сколько он был готов, но ждал ядра",
  "thread-state": "работает поток или спит и какое ядро у него было последним",
  switches: "как часто поток сам отдавал ядро и как часто его отнимали",
  "blocked-in": "чего ждёт спящий поток: блокировки, своего цикла событий или другого вызова",
  "step-cpu": "время процессора отдельных шагов, до микросекунды",
  "own-cpu": "время процессора каждого из наших потоков, на любой системе",
  "core-lanes": "какой поток был на каком ядре, до наносекунды",
  pinning: "потоки, привязанные к ядрам",
  "loop-stack": "где находится первый поток программы, когда его цикл событий стоит",
  "worker-stacks": "где находится рабочий поток, когда его цикл событий стоит",
  gc: "паузы сборки мусора в каждом потоке",
};

/** Sentences with what stands in them. */
const SENTENCES: readonly (readonly [RegExp, string])[] = [
  [/^this runtime reads no files$/, "эта среда не читает файлов"],
  [/^(\S+) names (\d+) threads?$/, "$1 называет потоков: $2"],
  [/^(\S+) has it of every thread$/, "$1 говорит это о каждом потоке"],
  [/^this kernel's (\S+) does not tell it$/, "у этого ядра ОС $1 об этом не говорит"],
  [/^the numbers of system calls on (.+) are not known$/, "номера системных вызовов на $1 неизвестны"],
  [/^Node's permission model does not let it read (\S+)$/, "модель прав Node не даёт читать $1"],
  [/^start Node with (\S+)$/, "запустить Node с $1"],
  [/^only Linux has (\S+), and this is (.+)$/, "$1 есть только в Linux, а это $2"],
  [/^there is no (\S+): this kernel, or sandbox, does not offer it$/, "нет $1: это ядро ОС или песочница его не даёт"],
  [/^(\S+) can't be read(?:: (.+))?$/, "$1 нельзя прочитать $2"],
  [/^from the wait for a core, which the kernel counts exactly$/, "по ожиданию ядра, которое ОС считает точно"],
  [/^(\S+) tells it$/, "об этом говорит $1"],
  [/^this runtime has no (\S+)$/, "в этой среде нет $1"],
  [/^Node (\d+) or later$/, "Node $1 или новее"],
  [/^only Linux has perf$/, "perf есть только в Linux"],
  [/^perf may record the switches of this process$/, "perf разрешено записывать переключения этого процесса"],
  [
    /^only Linux binds single threads to cores from outside$/,
    "только Linux привязывает отдельные потоки к ядрам извне",
  ],
  [/^taskset binds threads while they run$/, "taskset привязывает потоки на ходу"],
  [/^(\S+) is not installed$/, "$1 не установлено"],
  [/^install util-linux$/, "установить util-linux"],
  [
    /^install it: linux-perf on Debian, linux-tools on Ubuntu, perf elsewhere$/,
    "установить: linux-perf в Debian, linux-tools в Ubuntu, perf в других",
  ],
  [/^(\S+) did not answer$/, "$1 не ответил"],
  [
    /^the kernel does not let this user watch switches: (.+)$/,
    "ядро ОС не даёт этому пользователю видеть переключения: $1",
  ],
  [/^start without --inspect$/, "запустить без --inspect"],
  [
    /^the inspector interrupts a thread that is busy, and nothing is attached before$/,
    "инспектор Node прерывает занятый поток, а до того не подключён",
  ],
  [
    /^the inspector reaches worker threads through the first one$/,
    "инспектор Node достаёт до рабочих потоков через первый",
  ],
  [/^PerformanceObserver tells each pause$/, "о каждой паузе говорит PerformanceObserver"],
];

export function sourceInWords({ name, gives, why, remedy }: Capability, language: Language): Told {
  if (language === "en") return { gives, why, remedy };
  return {
    gives: Object.hasOwn(GIVES, name) ? (GIVES[name] ?? gives) : gives,
    why: translated(why),
    remedy: remedy === undefined ? undefined : translated(remedy),
  };
}

function translated(text: string): string {
  const found = SENTENCES.find(([pattern]) => pattern.test(text));
  return found === undefined ? text : text.replace(...found).trim();
}
