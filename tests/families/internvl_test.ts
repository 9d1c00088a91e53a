import { familySuite } from "../suites/family_suite.ts";

familySuite("internvl");
familySuite("internvl_qwen3");
