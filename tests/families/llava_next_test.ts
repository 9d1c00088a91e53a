import { familySuite } from "../suites/family_suite.ts";

familySuite("llava_next");
