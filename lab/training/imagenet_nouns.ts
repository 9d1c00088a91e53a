/**
 * Everyday nouns for classes of ImageNet, which a classifier trained on it gives in this order (ILSVRC 2012). A class
 * under a wider noun is one of its kinds: classes 151 to 268 are breeds of dogs.
 *
 * @module
 */

/** Classes from one to another, both counted. */
type Classes = readonly (number | readonly [first: number, last: number])[];

/** Classes by noun. */
export const imageNetNouns: Readonly<Record<string, Classes>> = {
  ...{
    shark: [2, 3, 4],
    rooster: [7],
    hen: [8],
    ostrich: [9],
    robin: [15],
    eagle: [22],
    owl: [24],
  },
  ...{
    vulture: [23],
    magpie: [18],
    frog: [30, 31, 32],
    turtle: [33, 34, 35, 36, 37],
    snake: [[52, 68]],
  },
  ...{
    lizard: [40, 42, 43, 44, 46],
    spider: [72, 73, 74, 75, 76, 77],
    peacock: [84],
    parrot: [87, 88],
  },
  ...{
    toucan: [96],
    duck: [97, 98],
    goose: [99],
    swan: [100],
    elephant: [101, 385, 386],
    koala: [105],
  },
  ...{ jellyfish: [107], slug: [114], crab: [118, 119, 120, 121, 125], lobster: [122, 123] },
  ...{ crane: [134], pelican: [144], penguin: [145], whale: [147, 148], dog: [[151, 268]] },
  ...{
    wolf: [269, 270, 271],
    fox: [277, 278, 279, 280],
    cat: [[281, 285]],
    lion: [291],
    tiger: [292],
  },
  ...{ leopard: [288], bear: [294, 295, 296, 297], beetle: [[300, 307]], fly: [308], bee: [309] },
  ...{
    ant: [310],
    butterfly: [[321, 326]],
    rabbit: [330, 331, 332],
    squirrel: [335],
    zebra: [340],
  },
  ...{
    pig: [341, 342],
    horse: [339],
    cow: [345],
    sheep: [348, 349],
    goat: [350],
    deer: [352, 353],
  },
  ...{
    camel: [354, 355],
    monkey: [[370, 383]],
    gorilla: [366],
    panda: [388],
    fish: [0, 1, 391, 393],
  },
  ...{ guitar: [402, 546], ambulance: [407], backpack: [414], balloon: [417], barrel: [427] },
  ...{
    baseball: [429],
    basketball: [430],
    bathtub: [435],
    bikini: [445],
    bottle: [440, 737, 898, 907],
  },
  ...{ bucket: [463], candle: [470], canoe: [472], castle: [483], chain: [488], church: [497] },
  ...{ clock: [409, 530, 892], hat: [515, 808], mug: [504], keyboard: [508, 878], ship: [510] },
  ...{ desk: [526], drum: [541], envelope: [549], flute: [558], fountain: [562], horn: [566] },
  ...{ hammer: [587], helmet: [518, 560], iron: [606], jeep: [609], laptop: [620], shirt: [610] },
  ...{ mailbox: [637], mask: [643], microphone: [650], missile: [657], mouse: [673], nail: [677] },
  ...{
    necklace: [679],
    notebook: [681],
    pen: [418, 563],
    pillow: [721],
    pitcher: [725],
    pot: [738],
  },
  ...{
    printer: [742],
    purse: [748],
    racket: [752],
    radio: [754],
    refrigerator: [760],
    rifle: [764],
  },
  ...{ truck: [555, 569, 675, 717, 864, 867], car: [436, 511, 751, 817], bus: [779, 874] },
  ...{
    bicycle: [444, 671],
    train: [466, 547, 705, 820],
    airplane: [404, 726],
    sailboat: [780, 914],
  },
  ...{ ball: [522, 574, 722, 747, 852], football: [768, 805], screen: [782], screw: [783] },
  ...{ shovel: [792], sock: [496, 806], stove: [827], submarine: [833], sunglasses: [836, 837] },
  ...{
    television: [851],
    tractor: [866],
    umbrella: [879],
    vase: [883],
    violin: [889],
    whistle: [902],
  },
  ...{ camera: [732, 759], wheel: [479, 739], glove: [658], coat: [568, 617, 869] },
  ...{ shoe: [514, 770, 774, 788], tie: [451, 457, 906], lamp: [846], chair: [423, 559, 765] },
  ...{ table: [532, 736], bridge: [821, 839, 888], computer: [527, 590], phone: [487, 528] },
  ...{ plate: [923], pizza: [963], cup: [967, 968], bread: [930, 931, 932], cucumber: [943] },
  ...{ lettuce: [936], squash: [940, 941, 942], pepper: [945], mushroom: [947, 992, 996, 997] },
  ...{ apple: [948], strawberry: [949], orange: [950], lemon: [951], pineapple: [953] },
  ...{
    banana: [954],
    fruit: [955, 956, 957],
    corn: [987, 998],
    flower: [985, 986],
    volcano: [980],
  },
};

/** Indices of some classes. */
export function classIndices(classes: Classes): number[] {
  return classes.flatMap((own) =>
    typeof own === "number"
      ? [own]
      : Array.from({ length: own[1] - own[0] + 1 }, (_, i) => own[0] + i)
  );
}
