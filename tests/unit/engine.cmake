palabre_unit_test(test_job LINK palabre-engine)
palabre_unit_test(test_settings LINK palabre-engine)
palabre_unit_test(test_wire LINK palabre-engine)
palabre_unit_test(test_hold LINK palabre-engine)
