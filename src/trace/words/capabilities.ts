/**
 * What is said of sources of facts, in each language.
 *
 * A recording has it in English, with names and messages of the system in it; that is
 * recognized here by its shape. What is not recognized, as from a recording of another
 * version, is said as it is.
 */
import type { Capability } from "../kernel-facts.js";
import type { Language } from "./language.js";

/** What a source gives, by its name. */
const GIVES: Readonly<Record<string, string>> = {
  threads: "все потоки процесса с номерами и именами",
  schedstat: "процессорное время каждого потока и сколько он, готовый, ждал ядра",
  "thread-state": "работает поток или спит, и на каком ядре был последним",
  switches: "как часто поток отдавал ядро сам и как часто его отнимали",
  "blocked-in": "чего ждёт спящий поток: блокировки, цикла событий или другого вызова",
  "step-cpu": "процессорное время отдельных шагов с точностью до микросекунды",
  "own-cpu": "процессорное время каждого нашего потока, в любой системе",
  "core-lanes": "какой поток был на каком ядре, с точностью до наносекунды",
  pinning: "привязка потоков к ядрам",
  "loop-stack": "где стоит первый поток программы, когда его цикл событий замер",
  "worker-stacks": "где стоит рабочий поток, когда его цикл событий замер",
  awaits: "чей код работает после любого await, на уровне deep",
  "cpu-profile": "в каких функциях проходит время, на уровне deep: тысяча выборок в секунду на поток",
  gc: "паузы сборщика мусора в каждом потоке",
};

/** What a source rests on, why it is missing, and what would mend it: by its shape in English. */
const SHAPES: readonly (readonly [RegExp, string])[] = [
  [/^to find out takes a second, and the recording was shorter$/, "чтобы узнать, нужна секунда, а запись короче"],
  [/^this runtime reads no files$/, "эта среда не читает файлы"],
  [/^(.+) names (\d+) threads$/, "$1 перечисляет потоки, их $2"],
  [/^(.+) has it of every thread$/, "в $1 это есть для каждого потока"],
  [/^this kernel's (.+) does not tell it$/, "в этом ядре $1 об этом не говорит"],
  [/^the numbers of system calls on (.+) are not known$/, "номера системных вызовов на $1 неизвестны"],
  [/^Node's permission model does not let it read (.+)$/, "модель разрешений Node не даёт читать $1"],
  [/^start Node with (.+)$/, "запустите Node с $1"],
  [/^only Linux has (.+), and this is (.+)$/, "$1 есть только в Linux, а это $2"],
  [/^perf may record the switches of this process$/, "perf может записывать переключения этого процесса"],
  [/^only Linux has (\S+)$/, "$1 есть только в Linux"],
  [/^there is no (.+): this kernel, or sandbox, does not offer it$/, "нет $1: это ядро или песочница его не даёт"],
  [/^(\S+) can't be read: (.+)$/, "$1 не читается: $2"],
  [/^(\S+) can't be read$/, "$1 не читается"],
  [
    /^from the wait for a core, which the kernel counts exactly$/,
    "из времени ожидания ядра, которое система считает точно",
  ],
  [/^(\S+) tells it$/, "об этом говорит $1"],
  [/^this runtime has no (\S+)$/, "в этой среде нет $1"],
  [/^Node (\d+) or later$/, "Node $1 или новее"],
  [
    /^only Linux binds single threads to cores from outside$/,
    "только Linux привязывает отдельные потоки к ядрам извне",
  ],
  [
    /^the kernel's number of this thread is not known: \/proc can't be read$/,
    "номер этого потока в системе неизвестен: /proc не читается",
  ],
  [/^taskset binds threads while they run$/, "taskset привязывает потоки на ходу"],
  [/^(\S+) is not installed$/, "$1 не установлен"],
  [/^install util-linux$/, "установите util-linux"],
  [
    /^install it: linux-perf on Debian, linux-tools on Ubuntu, perf elsewhere$/,
    "установите: linux-perf в Debian, linux-tools в Ubuntu, perf в других системах",
  ],
  [/^start without --inspect$/, "запустите без --inspect"],
  [/^a debugger may be attached, and is left alone$/, "возможно, подключён отладчик, и ему не мешают"],
  [/^this runtime has no inspector$/, "в этой среде нет инспектора"],
  [/^Bun's inspector does not reach a thread that is busy$/, "инспектор Bun не достаёт до занятого потока"],
  [/^Deno's inspector does not reach other threads$/, "инспектор Deno не достаёт до других потоков"],
  [/^this inspector does not reach other threads$/, "этот инспектор не достаёт до других потоков"],
  [/^(Bun|Deno)'s inspector has no profiler for programs$/, "в инспекторе $1 нет профилировщика для программ"],
  [
    /^this runtime's threads can't tell each other of their profiles$/,
    "потоки этой среды не могут передать друг другу профили",
  ],
  [/^(Bun|Deno) does not tell when code goes on after an await$/, "$1 не говорит, когда код продолжается после await"],
  [
    /^this runtime does not tell when code goes on after an await$/,
    "эта среда не говорит, когда код продолжается после await",
  ],
  [/^the platform's async hooks tell it$/, "об этом говорят async hooks среды"],
  [/^the inspector's profiler, on each thread by itself$/, "профилировщик инспектора, в каждом потоке свой"],
  [
    /^the inspector reaches worker threads through the first one$/,
    "инспектор достаёт до рабочих потоков через первый поток",
  ],
  [/^the inspector does not reach worker threads: (.+)$/, "инспектор не достаёт до рабочих потоков: $1"],
  [
    /^the inspector interrupts a thread that is busy, and nothing is attached before$/,
    "инспектор прерывает занятый поток, и до того ничего не подключено",
  ],
  [
    /^Node's permission model does not let the inspector be used$/,
    "модель разрешений Node не даёт пользоваться инспектором",
  ],
  [/^PerformanceObserver tells each pause$/, "PerformanceObserver говорит о каждой паузе"],
  [/^this runtime does not tell of its collector$/, "эта среда не говорит о своём сборщике мусора"],
  [/^this runtime starts no programs$/, "эта среда не запускает программы"],
  [/^no folder for its data: (.+)$/, "нет папки для его данных: $1"],
  [/^(\S+) did not answer$/, "$1 не ответил"],
  [
    /^the kernel does not let this user watch switches: (.+)$/,
    "ядро системы не даёт этому пользователю следить за переключениями: $1",
  ],
  [/^this perf is too old: (.*)$/, "этот perf слишком старый: $1"],
  [/^perf (\S+) or later$/, "perf $1 или новее"],
  [
    /^(sysctl \S+); in a container also (\S+) or a seccomp profile that lets (\S+) pass$/,
    "$1; в контейнере ещё $2 или профиль seccomp, который пропускает $3",
  ],
  [/^perf ended at once, and said nothing$/, "perf сразу завершился и ничего не сказал"],
];

/**
 * What is said of a source of facts, in a language.
 *
 * @since 0.1.0
 */
export function capabilityIn(capability: Capability, language: Language): Capability {
  if (language === "en") return capability;
  const { name, gives, why, remedy } = capability;
  return {
    ...capability,
    gives: Object.hasOwn(GIVES, name) ? (GIVES[name] as string) : gives,
    why: inRussian(why),
    remedy: remedy === undefined ? undefined : inRussian(remedy),
  };
}

function inRussian(text: string): string {
  for (const [shape, russian] of SHAPES) if (shape.test(text)) return text.replace(shape, russian);
  return text;
}
